import { join } from 'node:path';
import { Mutex } from 'async-mutex';
import { messageOf, SwpError } from '../../core/error.js';
import type { Machine } from '../../core/machine.js';
import { probeLarql } from '../../larql/probe-larql.js';
import { blasOf } from '../../larql/blas.js';
import { jobDirectories, larqlEnvironment } from '../../larql/environment.js';
import { findLarql, type LarqlProgram } from '../../larql/find-larql.js';
import type { HostFacts, LarqlFacts } from '../../plan/facts.js';
import type { BuildEnvironment } from '../../plan/provenance.js';
import type { ScratchLayout } from '../scratch/scratch-layout.js';

export interface HostLarqlSettings {
  /** The block layout that the fleet reads; null if it is not configured. */
  readonly fleetBlocks: LarqlFacts['fleetBlocks'];
  /** Only for tests. */
  readonly allowStandIn: boolean;
}

/** Characters; longer names are cut. */
const MAX_CPU_NAME = 200;

export interface UsableLarql {
  readonly program: LarqlProgram;
  readonly facts: LarqlFacts;
  readonly environment: BuildEnvironment;
}

/** The larql of this host. It is probed once, and again whenever the program's path, digest or modification time changes. */
export class HostLarql {
  private readonly mutex = new Mutex();
  private cached: { readonly key: string; readonly ready: UsableLarql } | null = null;

  constructor(
    private readonly machine: Machine,
    readonly env: NodeJS.ProcessEnv,
    private readonly layout: ScratchLayout,
    private readonly settings: HostLarqlSettings,
  ) {}

  /**
   * Finds and probes the larql of this host.
   *
   * @returns null if this host has no larql
   * @throws SwpError `larql/…` if this host has a larql that cannot be used
   */
  ready(signal: AbortSignal): Promise<UsableLarql | null> {
    return this.mutex.runExclusive(async () => {
      const program = await findLarql(this.machine.files, this.env);
      if (program === null) return null;
      const { mtimeMs } = await this.machine.files.stat(program.path);
      const key = `${program.path} ${program.sha256} ${mtimeMs}`;
      if (this.cached?.key === key) return this.cached.ready;
      const probes = join(this.layout.root, 'probes');
      const found = await probeLarql(this.machine, program, probes, this.env, signal);
      if (found.standIn && !this.settings.allowStandIn)
        throw new SwpError(
          'invalid',
          'larql/stand-in',
          `${program.path} is a stand-in for larql, made for tests: do not publish its output.`,
          {
            hint: 'Point SWP_LARQL or PATH to the real larql.',
          },
        );
      const blas = await blasOf(this.machine, program, larqlEnvironment(this.env, jobDirectories(probes, probes)));
      const facts = { ...found, sha256: program.sha256, fleetBlocks: this.settings.fleetBlocks };
      const ready = { program, facts, environment: { cpu: this.machine.cpu.slice(0, MAX_CPU_NAME), blas } };
      this.cached = { key, ready };
      return ready;
    });
  }

  /** Returns the facts of {@link ready} for a plan. A larql that cannot be used is a fact too: its problem. */
  async facts(signal: AbortSignal): Promise<NonNullable<HostFacts['larql']> | null> {
    try {
      return (await this.ready(signal))?.facts ?? null;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SwpError)) throw error;
      return { problem: messageOf(error) };
    }
  }
}
