import { SIM_SCENARIOS } from './scenarios.js';
import { sweepInMemory } from './sweep-faults.js';

await sweepInMemory('vindex', SIM_SCENARIOS.vindex);
