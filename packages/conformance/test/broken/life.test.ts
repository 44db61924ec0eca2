import { BROKEN_DISPLAYS } from '../../src/broken/display.ts';
import { BROKEN_LIFE_CYCLES } from '../../src/broken/life-cycle.ts';
import { BROKEN_MDEVS } from '../../src/broken/mdev.ts';
import { BROKEN_OPENS } from '../../src/broken/open.ts';
import { proveBroken } from './prove.ts';

proveBroken([...BROKEN_LIFE_CYCLES, ...BROKEN_OPENS, ...BROKEN_MDEVS, ...BROKEN_DISPLAYS]);
