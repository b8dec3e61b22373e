import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Simulator } from '@app/simulator/server';

export const scenarioNames = [
  'outage',
  'frozen',
  'fallen_back',
  'missing',
  'vocabulary',
  'clock',
  'credit',
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** What can go wrong with everybody at once, and how it ends. */
interface Scenario {
  /** Whether X fails or lies, so that an incident must open, and close. */
  readonly incident: boolean;
  /** An hour of the trace, but at least so long: at 86,400 times the speed of life an hour is 42 ms, shorter than any step of the system. */
  readonly leastMs: number;
  /** What a scenario does, in steps of equal length; the last one is the end of it. */
  readonly steps: readonly ((stage: Stage) => void)[];
}

interface Stage {
  readonly simulator: Simulator;
  /** Sets the clock of the system forward or back. */
  readonly shiftClock: (ms: number) => void;
}

const fiveMinutes = 300_000;

/** A fault of the simulator that is switched on and off. */
function fault(on: object, off: object): Scenario {
  const set =
    (faults: object) =>
    ({ simulator }: Stage) =>
      simulator.setFaults(faults);
  return { incident: true, leastMs: 5_000, steps: [set(on), set(off)] };
}

const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  outage: fault({ outage: 'unavailable' }, { outage: 'none' }),
  // As long as threshold and grace, so that a silence that never was could become an alert.
  frozen: {
    incident: true,
    leastMs: 8_000,
    steps: [
      ({ simulator }) => simulator.setFaults({ frozenAt: Date.now() }),
      ({ simulator }) => simulator.setFaults({ frozenAt: null }),
    ],
  },
  // The same, and older than what was seen before: a cache that lost its newest part.
  fallen_back: {
    incident: true,
    leastMs: 8_000,
    steps: [
      ({ simulator }) => simulator.setFaults({ frozenAt: Date.now() - 10_000 }),
      ({ simulator }) => simulator.setFaults({ frozenAt: null }),
    ],
  },
  missing: fault({ missingField: true }, { missingField: false }),
  // X's new names, whatever is asked: understood, so nothing happens at all. It stays so.
  vocabulary: {
    incident: false,
    leastMs: 0,
    steps: [({ simulator }) => simulator.setFaults({ vocabulary: 'post' })],
  },
  clock: {
    incident: false,
    leastMs: 5_000,
    steps: [
      ({ shiftClock }) => shiftClock(fiveMinutes),
      ({ shiftClock }) => shiftClock(-fiveMinutes),
      ({ shiftClock }) => shiftClock(0),
    ],
  },
  credit: fault({ share: 1, kinds: ['credits'] }, { share: 0, kinds: [] }),
};

/** Before it, the guard learns what is usual: its baseline needs ten of its minutes. */
const learningMs = 14_000;

export interface Staged {
  readonly incident: boolean;
  /** When X cannot be seen as it is. */
  readonly blind: { readonly from: number; readonly until: number };
  /** Does what is due; called often. */
  tick(now: number): void;
}

/** Puts a scenario into a replay that begins at `from`; without a name, nothing happens. */
export function stage(name: ScenarioName | null, from: number, speed: number, at: Stage): Staged {
  if (name === null) return { incident: false, blind: { from, until: from }, tick: () => undefined };
  const { incident, leastMs, steps } = scenarios[name];
  const stepMs = Math.max(leastMs, 3_600_000 / speed);
  const begins = steps.map((_, i) => from + learningMs + i * stepMs);
  let done = 0;
  return {
    incident,
    // A system whose X tells the truth has no excuse, whatever its clock says.
    blind: incident ? { from: begins[0] ?? from, until: begins.at(-1) ?? from } : { from, until: from },
    tick(now) {
      while (done < steps.length && now >= (begins[done] ?? Infinity)) steps[done++]?.(at);
    },
  };
}

const preload = fileURLToPath(new URL('./shifted-clock.mjs', import.meta.url));

/** The environment of a system whose clock can be set, and how to set it. */
export function settableClock(folder: string) {
  const file = join(folder, 'clock-shift');
  writeFileSync(file, '0');
  return {
    env: { NODE_OPTIONS: `--import ${preload}`, CLOCK_SHIFT_FILE: file },
    shiftClock: (ms: number) => writeFileSync(file, String(ms)),
  };
}
