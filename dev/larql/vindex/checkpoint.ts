import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../../core/error.js';
import { LarqlError } from '../failure.js';
import type { Extraction } from './extraction.js';
import { LayerInfo } from './index-json.js';

const FILE = '.extract_checkpoint.json';
const NAMES = { gate: 'Gate', down_meta: 'DownMeta' } as const;
type Phase = keyof typeof NAMES;

const Saved = z.object({
  version: z.int(),
  model_dir: z.string().default(''),
  model_name: z.string().default(''),
  num_layers: z.int().default(0),
  completed: z.array(z.enum(['gate', 'down_meta'])).default([]),
  last_update: z.string().default(''),
  gate_layer_infos: z.array(LayerInfo).optional(),
});
type Saved = z.output<typeof Saved>;

const load = (path: string): Saved | null => {
  if (!existsSync(path)) return null;
  try {
    return Saved.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new LarqlError(`parse error: checkpoint at ${path}: ${messageOf(error)}`);
  }
};

/**
 * The file with which larql skips phases that an interrupted run in the same directory finished. It contains source, model and
 * layer count, but no options: a run with another quant or level continues with the old files.
 */
export class Checkpoint {
  private constructor(
    private readonly path: string,
    private saved: Saved,
  ) {}

  /** @throws LarqlError if the checkpoint is invalid */
  static open({ directory, model, config, options, progress }: Extraction): Checkpoint {
    const path = join(options.output, FILE);
    const prior = load(path);
    const fresh: Saved = { version: 1, model_dir: directory, model_name: model, num_layers: config.layers, completed: [], last_update: '' };
    if (prior === null) return new Checkpoint(path, fresh);
    const fits = prior.version === 1 && prior.model_dir === directory && prior.model_name === model && prior.num_layers === config.layers;
    if (fits) {
      const phases = prior.completed.map((phase) => NAMES[phase]).join(', ');
      progress.say(`  Resuming from checkpoint at ${path} — phases already complete: [${phases}]`);
      return new Checkpoint(path, prior);
    }
    progress.say(`  Checkpoint at ${path} is incompatible with this run (different model / layer count) — discarding`);
    return new Checkpoint(path, fresh);
  }

  /** The result of the gate phase, if an earlier run finished it. */
  get gateLayers(): LayerInfo[] | null {
    return this.has('gate') ? (this.saved.gate_layer_infos ?? null) : null;
  }

  has(phase: Phase): boolean {
    return this.saved.completed.includes(phase);
  }

  finish(phase: Phase, layers?: LayerInfo[]): void {
    const completed = [...new Set([...this.saved.completed, phase])];
    const update = `${new Date().toISOString().slice(0, 19)}Z`;
    this.saved = { ...this.saved, completed, last_update: update, ...(layers === undefined ? {} : { gate_layer_infos: layers }) };
    const descriptor = openSync(`${this.path}.tmp`, 'w');
    writeSync(descriptor, JSON.stringify(this.saved, null, 2));
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(`${this.path}.tmp`, this.path);
  }

  clear(): void {
    rmSync(this.path, { force: true });
  }
}
