import { BROKEN_ACCESSES } from '../../src/broken/access.ts';
import { BROKEN_IRQS } from '../../src/broken/irqs.ts';
import { BROKEN_REGIONS } from '../../src/broken/regions.ts';
import { BROKEN_RESETS } from '../../src/broken/reset.ts';
import { proveBroken } from './prove.ts';

proveBroken([...BROKEN_ACCESSES, ...BROKEN_REGIONS, ...BROKEN_IRQS, ...BROKEN_RESETS]);
