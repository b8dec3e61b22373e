import { createHash } from 'node:crypto';
import type { Handler } from './answer.ts';

const style = `
:root{color-scheme:light dark;--ink:#16181d;--soft:#5b6270;--line:#e2e5ea;--paper:#f7f8fa;--card:#fff;--accent:#1d5fd1}
@media (prefers-color-scheme:dark){:root{--ink:#eceef2;--soft:#9aa3b2;--line:#2a2f39;--paper:#101317;--card:#181c22;--accent:#7fb0ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:clamp(2rem,7vw,5.5rem) clamp(1rem,4vw,2rem)}
h1{font-size:clamp(1.6rem,1.1rem + 2.4vw,2.5rem);line-height:1.15;letter-spacing:-.02em;margin:0 0 .75rem}
p{margin:0;color:var(--soft);max-width:42rem}
h2{font-size:.8rem;font-weight:600;letter-spacing:.06em;text-transform:uppercase;color:var(--soft);margin:2.75rem 0 .75rem}
ul{list-style:none;margin:0;padding:0;display:grid;gap:.75rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr))}
a{display:block;height:100%;padding:1rem 1.1rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;color:inherit;text-decoration:none}
a:hover,a:focus-visible{border-color:var(--accent);outline:2px solid transparent}
a:focus-visible{outline-color:var(--accent);outline-offset:2px}
b{display:block;color:var(--accent);font-weight:600}
small{display:block;font-size:.875rem;color:var(--soft)}
code{font:.8125rem/1.5 ui-monospace,monospace;color:var(--soft);overflow-wrap:anywhere}`;

type Link = readonly [path: string, name: string, text: string];

const lists: readonly Link[] = [
  ['/api/v1/profiles', 'Profiles', 'What is watched, and how it stands'],
  ['/api/v1/profiles?status=inactive,late', 'Quiet profiles', 'Inactive, or past the threshold'],
  ['/api/v1/alerts?status=open', 'Open alerts', 'With the evidence each one stands on'],
  ['/api/v1/groups', 'Groups', 'Thresholds and how many profiles share them'],
  ['/api/v1/jobs', 'Jobs', 'What is done in the background, and how far it is'],
  ['/api/v1/budget', 'Budget', 'What may be spent on X, and what was'],
  ['/api/v1/source', 'Source', 'How far X is trusted, and why'],
];

const process: readonly Link[] = [
  ['/livez', 'Alive', 'Does this process answer?'],
  ['/readyz', 'Ready', 'Does its database answer?'],
  ['/metrics', 'Metrics', 'For Prometheus'],
];

function linksOf(links: readonly Link[]): string {
  const items = links.map(
    ([path, name, text]) =>
      `<li><a href="${path}"><b>${name}</b><small>${text}</small><code>${path}</code></a></li>`,
  );
  return `<ul>${items.join('')}</ul>`;
}

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>Twitter Activity Monitor</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Twitter Activity Monitor</h1>
<p>Watches profiles on X (Twitter) and raises an alert when one has been silent for longer than its threshold. This is its HTTP API.</p>
<h2>Lists</h2>
${linksOf(lists)}
<h2>This process</h2>
${linksOf(process)}
</main>
</body>
</html>
`;

/** Only our own style may apply, named by its hash; nothing may be loaded, run, sent or framed. */
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** What a person sees who opens the address in a browser: a page without any other file. */
export const showHome: Handler = async (_api, _request, response) => {
  response.type('html').set('content-security-policy', policy).send(page);
  return null;
};
