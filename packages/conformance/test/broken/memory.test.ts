import { BROKEN_DMAS } from '../../src/broken/dma.ts';
import { BROKEN_LOGS } from '../../src/broken/logging.ts';
import { BROKEN_MIGRATIONS } from '../../src/broken/migration.ts';
import { proveBroken } from './prove.ts';

proveBroken([...BROKEN_DMAS, ...BROKEN_MIGRATIONS, ...BROKEN_LOGS]);
