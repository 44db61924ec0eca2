// Builds the API site and says what is wrong with it, or where it is.

import { fileURLToPath } from 'node:url';
import { buildSite } from './build-site.ts';

const out = fileURLToPath(new URL('../../../docs/site', import.meta.url));
const wrong = await buildSite(out);
for (const line of wrong) console.error(line);
if (wrong.length === 0) console.log(`the site is in ${out}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
