import { tmpdir } from 'node:os';
import { THIS_MACHINE } from '../../core/this-machine.js';
import { probeLarql } from '../../larql/probe-larql.js';
import { findLarql } from '../../larql/find-larql.js';
import { readSettings } from '../../settings/settings.js';
import type { Context } from '../context.js';
import type { Finding } from './finding.js';

const GET_ONE =
  'Only vindexes need it. Build it from https://github.com/chrishayuk/larql, and set SWP_LARQL to its path or put it on PATH.';

/** Looks for larql on this machine, and tests its features by extracting a tiny model. */
export const checkLarql = async ({ env, signal }: Context): Promise<Finding> => {
  const program = await findLarql(THIS_MACHINE.files, env);
  if (program === null) return { check: 'larql', verdict: 'warn', message: 'not found on this machine', fix: GET_ONE };
  const { quants, expertServer, blocks, standIn } = await probeLarql(THIS_MACHINE, program, tmpdir(), env, signal);
  const can = `quant ${quants.join(', ')}; ${expertServer ? 'expert-server slices' : 'no expert-server slices'}; ${blocks} blocks`;
  const message = `${program.path}, sha256 ${program.sha256}: ${can}`;
  if (standIn)
    return {
      check: 'larql',
      verdict: 'bad',
      message: `${message}; a stand-in, made for tests`,
      fix: 'Point SWP_LARQL or PATH to the real larql.',
    };
  const { fleetBlocks } = readSettings(env).larql;
  if (blocks === 'none' || blocks === fleetBlocks) return { check: 'larql', verdict: 'ok', message };
  return fleetBlocks === null
    ? {
        check: 'larql',
        verdict: 'warn',
        message,
        fix: 'Set SWP_LARQL_BLOCKS on the high-memory worker to the blocks that the fleet reads: early or ggml.',
      }
    : {
        check: 'larql',
        verdict: 'bad',
        message,
        fix: `The fleet reads ${fleetBlocks} blocks (SWP_LARQL_BLOCKS): install a larql here that writes them.`,
      };
};
