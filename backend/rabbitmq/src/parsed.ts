import { type Message, message } from '@app/contract/message';

type Parsed = { success: true; data: Message } | { success: false; reason: string; excerpt: string };

/** A body as a message of the contract, or what is wrong with it and its first 200 characters (never more: logs are no place for content). */
export function parsed(content: Buffer): Parsed {
  const text = content.toString('utf8');
  const excerpt = text.slice(0, 200);
  const body = json(text);
  if (body === undefined) return { success: false, reason: 'not JSON', excerpt };
  const result = message.safeParse(body);
  if (result.success) return result;
  const reason = result.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  return { success: false, reason: reason.slice(0, 500), excerpt };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
