/** `GET /admin/routing`: what has been learned about each target, and the retry budgets. */
import type { Gateway } from "./gateway.ts";
import { ofEach } from "./siblings.ts";

export interface RoutingState {
  object: "list";
  data: ReturnType<Gateway["router"]["state"]>;
  retry_budgets: ReturnType<Gateway["router"]["retryBudgets"]>;
}

/** Of this process. */
export function routingState({ router }: Pick<Gateway, "router">): RoutingState {
  return { object: "list", data: router.state(), retry_budgets: router.retryBudgets() };
}

/** Of all processes that serve; each learns by itself. */
export async function routingStateOfAll(
  gateway: Pick<Gateway, "router" | "siblings">,
): Promise<RoutingState> {
  if (gateway.siblings === undefined) return routingState(gateway);
  const answers = await gateway.siblings.ask("adminRouting");
  return {
    object: "list",
    data: ofEach(answers, ({ data }) => data),
    retry_budgets: ofEach(answers, ({ retry_budgets }) => retry_budgets),
  };
}
