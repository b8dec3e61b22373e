import type { SourceHealth } from './guard-hold.ts';
import { enoughMinutes, type Sign, type SignSettings, signsOf, type View } from './guard-signs.ts';
import type { Milliseconds } from './observation.ts';

/** What the last assessment left. */
export interface Standing {
  readonly health: SourceHealth;
  readonly since: Milliseconds;
  /** When anything last spoke against the source. */
  readonly signAt: Milliseconds | null;
  /** Whether an incident is open. It stays open until the source is normal again. */
  readonly incident: boolean;
  readonly demanded: boolean;
}

export interface GuardSettings extends SignSettings {
  readonly watermark: 'auto' | 'always' | 'never';
  /** In `auto`, the watermark is demanded only where so many different profiles move it. */
  readonly posters: number;
  /** Without a successful look for so long, we were down: checks run first, alerts follow from fresh evidence. */
  readonly downtime: Milliseconds;
}

export interface Assessment {
  readonly standing: Standing;
  /** What speaks against the source, in words; the most severe first. */
  readonly reasons: readonly string[];
}

/**
 * How far the source is trusted now. Pure.
 *
 *     normal ──sign──▶ suspect ──severe, or for two minutes──▶ incident ──no sign──▶ recovering ──▶ normal
 *                         └──────────────no sign for a minute──────────────────────────────────────▶┘
 *
 * Trust is lost at the first sign and comes back only when there was none for a minute and X has answered since: a guard
 * that lets go between two waves of one trouble would release what the second wave proves wrong. The model is Sentry's
 * (getsentry/sentry, `monitors/system_incidents.py`): volumes against their own past, incidents kept out of the past.
 */
export function assess(before: Standing, view: View, now: Milliseconds, settings: GuardSettings): Assessment {
  const demanded = demandedNow(before, view, settings);
  const signs = signsOf(view, demanded, now, settings);
  const health = nextHealth(before, signs, view, now, settings.minute);
  const standing: Standing = {
    health,
    since: health === before.health ? before.since : now,
    signAt: signs.length > 0 ? now : before.signAt,
    incident: health === 'incident' || (before.incident && health !== 'normal'),
    demanded,
  };
  return { standing, reasons: reasonsOf(signs, standing, before) };
}

/** Where a process that was down begins: X must have answered again before it is believed. */
export function afterDowntime(
  before: Standing,
  lastOkAt: Milliseconds | null,
  now: Milliseconds,
  { downtime }: GuardSettings,
): Standing {
  const wasDown = lastOkAt !== null && now - lastOkAt > downtime;
  return wasDown && before.health === 'normal' ? { ...before, health: 'recovering', since: now } : before;
}

function nextHealth(
  before: Standing,
  signs: readonly Sign[],
  { lastOkAt }: View,
  now: Milliseconds,
  minute: Milliseconds,
): SourceHealth {
  const { health, since, signAt, incident } = before;
  if (signs.some(sign => sign.severity === 'incident')) return 'incident';
  if (signs.length > 0) {
    const lasts = health === 'suspect' && now - since >= 2 * minute;
    return incident || lasts ? 'incident' : 'suspect';
  }
  const calm = now - Math.max(signAt ?? 0, since) >= minute;
  const answered = lastOkAt !== null && lastOkAt > Math.max(signAt ?? 0, since);
  if (health === 'normal' || !calm || !answered) return health;
  return health === 'incident' ? 'recovering' : 'normal';
}

/**
 * Whether a newer post of somebody else can be asked for. On an instance that sees few posts an alert would wait for
 * hours: there it is not demanded, unless canaries supply it, which are looked at when an alert waits. While the source
 * is not normal, this stays as it was: a freeze must not argue its own watch away. Twice the limit ends it, so that it
 * does not come and go.
 */
function demandedNow(before: Standing, { baseline, posters, canaries }: View, settings: GuardSettings) {
  if (settings.watermark !== 'auto') return settings.watermark === 'always';
  if (before.health !== 'normal') return before.demanded;
  if (canaries.some(canary => canary.usualGap !== null && canary.usualGap <= longestWait)) return true;
  if (baseline.minutes < enoughMinutes) return before.demanded;
  const limit = before.demanded ? 2 * settings.quiet : settings.quiet;
  return posters >= settings.posters && baseline.usualLag !== null && baseline.usualLag <= limit;
}

/** A canary that can be silent for longer is no clock that an alert may wait for. */
const longestWait: Milliseconds = 24 * 3_600_000;

function reasonsOf(signs: readonly Sign[], { health, incident }: Standing, before: Standing): string[] {
  if (signs.length > 0) {
    const severe = signs.filter(sign => sign.severity === 'incident');
    return [...severe, ...signs.filter(sign => !severe.includes(sign))].map(sign => sign.words);
  }
  if (health === 'normal') return [];
  if (health === 'recovering' && !incident && !before.incident)
    return ['nobody looked for a while: checks run first, alerts follow from fresh evidence'];
  return ['nothing speaks against X any more; it must stay so for a while'];
}
