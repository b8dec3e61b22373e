import { expect, test, vi } from 'vitest';
import { feedAhead, idsFrom, mostAhead } from './feed-ahead.ts';

function start(add: (ids: readonly string[]) => Promise<void>) {
  const onAdded = vi.fn();
  const onError = vi.fn();
  const bulk = 1_000;
  const feeding = feedAhead({ feed: { bulk, add }, profiles: 25_000, from: 24_500, onAdded, onError });
  return { feeding, onAdded, onError };
}

test('stays ahead of the workers, and goes on as they do', async () => {
  const added: string[] = [];
  const { feeding, onAdded } = start(async ids => void added.push(...ids));
  await vi.waitFor(() => expect(added).toHaveLength(mostAhead));
  await new Promise(resolve => setTimeout(resolve, 30));
  expect(added).toHaveLength(mostAhead);
  feeding.done(2_500);
  await vi.waitFor(() => expect(added).toHaveLength(mostAhead + 2_000));
  await feeding.stop();
  expect(onAdded).toHaveBeenLastCalledWith(mostAhead + 2_000);
  expect(new Set(added).size).toBe(added.length);
});

test('begins with the profiles that nobody had, and with the first again after the last', () => {
  expect(idsFrom(3, 2, 10)).toEqual(['4', '5']);
  expect(idsFrom(8, 4, 10)).toEqual(['9', '10', '1', '2']);
  expect(idsFrom(30, 1, 10)).toEqual(['1']);
});

test('a job that cannot be handed out is told', async () => {
  const { feeding, onError } = start(async () => {
    throw new Error('the queue is gone');
  });
  await vi.waitFor(() => expect(onError).toHaveBeenCalledWith(new Error('the queue is gone')));
  await feeding.stop();
});
