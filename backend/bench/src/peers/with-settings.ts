/** The address of a database, with settings of the server for all sessions that use it. */
export function withSettings(url: string, settings: Readonly<Record<string, string>>): string {
  const address = new URL(url);
  const flags = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  address.searchParams.set('options', flags.join(' '));
  return address.href;
}
