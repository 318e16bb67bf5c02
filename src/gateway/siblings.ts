/** The processes that serve the same port as this one, which is one of them. */
import type { MetricSnapshot } from "../observe/merged-metrics.ts";
import type { AuthStatusList } from "./auth-statuses.ts";
import type { RoutingState } from "./routing-state.ts";

/** What each can say of itself. */
export interface SiblingAnswers {
  metrics: readonly MetricSnapshot[];
  adminAuth: AuthStatusList;
  adminRouting: RoutingState;
}

export type SiblingQuestion = keyof SiblingAnswers;

export interface SiblingAnswer<Question extends SiblingQuestion> {
  /** From 1; 0 is the process that started the others. */
  worker: number;
  answer: SiblingAnswers[Question];
}

export interface Siblings {
  /** How many there are, this one included. */
  readonly count: number;
  /** Which of them this is, from 1. */
  readonly worker: number;
  /** Asks all of them, this one included. Those that do not answer in time are left out. */
  ask<Question extends SiblingQuestion>(question: Question): Promise<readonly SiblingAnswer<Question>[]>;
}

/** Entries that each process has of its own, each with the number of its process. */
export function ofEach<Question extends SiblingQuestion, Entry extends object>(
  answers: readonly SiblingAnswer<Question>[],
  entries: (answer: SiblingAnswers[Question]) => readonly Entry[],
): (Entry & { worker: number })[] {
  return answers.flatMap(({ worker, answer }) => entries(answer).map((entry) => ({ worker, ...entry })));
}
