import { type RhythmOptions, rhythmSource } from '@app/simulator/rhythms';
import { startSimulator } from '@app/simulator/server';
import { isSimulated, type Settings } from './options.ts';

/** Where looks go: the real X, another address that speaks like it, or the simulator inside this process. */
export interface XSource {
  readonly url: string;
  readonly token: string;
  readonly simulated: boolean;
  close(): Promise<void>;
}

/** A simulated day passes in a minute, so that activity and silence are seen while one watches. */
export const demoWorld: RhythmOptions = { seed: 1, speed: 1_440 };

export async function openXSource(settings: Settings): Promise<XSource> {
  const { X_API_URL: url, X_BEARER_TOKEN: token } = settings;
  if (!isSimulated(settings)) {
    // Something that speaks like X may not ask for a token; X itself always does (see the options).
    const close = async () => undefined;
    return { url: url ?? 'https://api.x.com', token: token ?? 'none', simulated: false, close };
  }
  const simulator = await startSimulator({ source: rhythmSource(demoWorld), rateLimit: null });
  return { url: simulator.url, token: 'simulated', simulated: true, close: () => simulator.close() };
}
