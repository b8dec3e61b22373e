export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Reads Prometheus' text format. */
export function parseMetrics(text: string): Sample[] {
  return text.split('\n').flatMap(one => {
    const [, name, labels = '', value] = line.exec(one) ?? [];
    if (name === undefined || value === undefined) return [];
    const pairs = [...labels.matchAll(label)].map(([, key = '', content = '']) => [key, content]);
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

export async function scrape(url: string): Promise<{ samples: Sample[] }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return { samples: parseMetrics(await response.text()) };
}
