/** Numbers held inside `minimum`, `maximum`, their exclusive forms and `multipleOf`. */
import type { SchemaView } from "./schema-view.ts";

/** The nearest number that keeps the schema's bounds and step. */
export function fitted(value: number, view: SchemaView, whole: boolean): number {
  const step = view.bound("multipleOf") ?? (whole ? 1 : undefined);
  let least = view.bound("minimum") ?? Number.NEGATIVE_INFINITY;
  let most = view.bound("maximum") ?? Number.POSITIVE_INFINITY;
  const nudge = step ?? 0.001;
  const above = view.flag("exclusiveMinimum") ? least : view.bound("exclusiveMinimum");
  const below = view.flag("exclusiveMaximum") ? most : view.bound("exclusiveMaximum");
  if (above !== undefined && above >= least) least = beyond(above, nudge, most, below);
  if (below !== undefined && below <= most)
    most = below - (below - least < nudge * 2 ? (below - least) / 2 : nudge);
  let near = Math.min(Math.max(value, least), most);
  if (step !== undefined && step > 0) {
    near = Math.round(near / step) * step;
    if (near < least) near = Math.ceil(least / step) * step;
    if (near > most) near = Math.floor(most / step) * step;
    near = Number(near.toPrecision(15));
  }
  return Number.isFinite(near) ? (near === 0 ? 0 : near) : 0;
}

function beyond(above: number, nudge: number, most: number, below: number | undefined): number {
  const room = Math.min(most, below ?? Number.POSITIVE_INFINITY) - above;
  return room < nudge * 2 && room > 0 && nudge < 1 ? above + room / 4 : above + nudge;
}
