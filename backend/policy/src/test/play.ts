import { judge } from '../judge.ts';
import type { Judgment, Known, NewAlert } from '../judgment.ts';
import type { Pace } from '../next-check.ts';
import type { Observation } from '../observation.ts';

/** What is known after a judgment: as the rows would be written and read again. */
export function after(known: Known, judgment: Judgment): Known {
  const { deadline: _, ...remembered } = judgment.state;
  const resolved = judgment.resolved.map(resolution => resolution.kind);
  const still = known.unresolvedAlerts.filter(kind => !resolved.includes(kind));
  const opened = judgment.opened.map(alert => alert.kind);
  return {
    ...known,
    ...remembered,
    handle: judgment.identity?.handle ?? known.handle,
    unresolvedAlerts: [...still, ...opened],
  };
}

export interface Played {
  readonly known: Known;
  readonly alerts: readonly (NewAlert & { readonly at: number })[];
  readonly looks: readonly number[];
}

/** Looks whenever the schedule says so, from `from` until `until`; `observe` is what X shows at a time. */
export function playSchedule(
  first: Known,
  observe: (at: number) => Observation,
  span: { from: number; until: number },
  pace: Pace,
  random: () => number = () => 0.5,
): Played {
  let known = first;
  const alerts: (NewAlert & { at: number })[] = [];
  const looks: number[] = [];
  for (let at = span.from; at <= span.until; ) {
    const judgment = judge(known, observe(at), { observedAt: at, pace, random: random() });
    looks.push(at);
    alerts.push(...judgment.opened.map(alert => ({ ...alert, at })));
    known = after(known, judgment);
    if (judgment.next.at <= at)
      throw new Error(`the next look (${judgment.next.at}) is not after this one (${at})`);
    at = judgment.next.at;
  }
  return { known, alerts, looks };
}
