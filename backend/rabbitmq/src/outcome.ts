import type { Lane, Message } from '@app/contract/message';
import type { Handler, Outcome } from './broker.ts';
import type { Log } from './log.ts';

/** The handler's outcome; a throw is logged here, once, and counts as `retry`. */
export async function outcomeOf(handler: Handler, lane: Lane, message: Message, log: Log): Promise<Outcome> {
  try {
    return await handler(message);
  } catch (error) {
    log.error({ err: error, lane, kind: message.kind }, 'handler failed, the message will be tried again');
    return 'retry';
  }
}
