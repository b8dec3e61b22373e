import type { Message } from '@app/contract/message';
import type { Handler } from '../broker.ts';
import { numberOf } from './messages.ts';

/** A handler that holds every message until the gate is opened. */
export interface Gate {
  begun: number[];
  inHand: number;
  most: number;
  open(): void;
  handler: Handler;
}

export function gate(): Gate {
  const opened = Promise.withResolvers<void>();
  const state: Gate = {
    begun: [],
    inHand: 0,
    most: 0,
    open: opened.resolve,
    async handler(message: Message) {
      state.begun.push(numberOf(message));
      state.most = Math.max(state.most, ++state.inHand);
      await opened.promise;
      state.inHand--;
      return 'done';
    },
  };
  return state;
}
