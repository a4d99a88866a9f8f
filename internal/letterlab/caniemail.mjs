// Reads letters as JSON, [{name, html}], from stdin and writes to stdout, in JSON, what of them the clients given as
// arguments support only in part, not at all, or was never tested: [{letter, client, feature, support}].
import { caniemail, rawData } from 'caniemail';
import { readFileSync } from 'node:fs';

const clients = process.argv.slice(2);
for (const feature of rawData.data) {
  for (const client of clients) {
    const [family, platform] = client.split('.');
    feature.stats[family] ??= {};
    // The package stops at a feature that was not tested in a client; "u" is the data's own word for unknown.
    if (!Object.keys(feature.stats[family][platform] ?? {}).length) feature.stats[family][platform] = { 0: 'u' };
  }
}
const untested = (title, client) => {
  const [family, platform] = client.split('.');
  const stats = rawData.data.find((f) => f.title === title).stats[family][platform];
  return stats[Object.keys(stats).sort().at(-1)].startsWith('u');
};
const found = [];
for (const { name, html } of JSON.parse(readFileSync(0, 'utf8'))) {
  const { issues } = caniemail({ clients, html });
  for (const [support, list] of [['none', issues.errors], ['part', issues.warnings]]) {
    for (const [client, features] of list) {
      for (const title of new Set(features.map((f) => f.title))) {
        found.push({ letter: name, client, feature: title, support: untested(title, client) ? 'untested' : support });
      }
    }
  }
}
console.log(JSON.stringify({ data: rawData.last_update_date, found }));
