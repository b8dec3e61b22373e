import { expect, test } from 'vitest';
import { withSettings } from './with-settings.ts';

test('settings go into the address', () => {
  const url = new URL(withSettings('postgres://me:secret@host:1234/base', { jit: 'off', work_mem: '64MB' }));
  expect(url.searchParams.get('options')).toBe('-c jit=off -c work_mem=64MB');
  expect(`${url.username}:${url.password}@${url.host}${url.pathname}`).toBe('me:secret@host:1234/base');
});
