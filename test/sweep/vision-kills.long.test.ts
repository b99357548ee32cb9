import { SCENARIOS } from './scenario.js';
import { sweepKills } from './sweep-kills.js';

await sweepKills(SCENARIOS.vision);
