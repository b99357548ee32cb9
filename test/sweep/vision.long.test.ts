import { SCENARIOS } from './scenario.js';
import { sweepFaults } from './sweep.js';

await sweepFaults(SCENARIOS.vision);
