import { fuzzServer, OVER_A_SOCKET } from '../../vfio-user/test/fuzz/fuzz-server.ts';
import { harness } from './harness.ts';

fuzzServer(harness, OVER_A_SOCKET);
