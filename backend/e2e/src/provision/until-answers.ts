import { setTimeout as sleep } from 'node:timers/promises';
import { rabbitMqVersion } from '@app/rabbitmq/probe';

/** The version of the server, as soon as it really speaks AMQP; an error when `dead` gives a reason, or the time is over. */
export async function untilAnswers(
  url: string,
  timeoutMs: number,
  dead: () => string | undefined,
): Promise<string> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await rabbitMqVersion(url, 2_000);
    } catch (error) {
      const reason = dead();
      if (reason) throw new Error(reason);
      if (performance.now() > deadline) throw error;
    }
    await sleep(200);
  }
}
