import { z } from 'zod';
import { blockFileNames } from '../../formats/vindex/file-names.js';
import { BLOCK_BYTES } from '../../formats/vindex/quant-blocks.js';
import type { Behaviour } from './behaviour.js';

type Files = ReadonlyMap<string, Buffer>;

/** The manifest of a file of quantised weights: each tensor's place in it, in bytes. */
const Manifest = z.array(z.looseObject({ key: z.string(), format: z.string(), offset: z.int(), length: z.int() }));
type Entry = z.output<typeof Manifest>[number];

const Index = z.looseObject({ quant: z.string(), source: z.looseObject({}), checksums: z.record(z.string(), z.string()) });

const Q6_K_HIGH = 128;
const Q6_K_REST = 192;
const Q4_K_CODES = 16;

const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value, null, 2));

/** Moves the codes of a Q6_K block from the positions in which larqls wrote them until August 2026 to those of GGML (`block_q6_K`). */
const toPlanar = (block: Buffer): void => {
  const early = Buffer.from(block);
  block.fill(0, 0, Q6_K_REST);
  for (let at = 0; at < 256; at += 1) {
    const low = ((early[at >> 1] ?? 0) >> ((at & 1) * 4)) & 15;
    const high = ((early[Q6_K_HIGH + (at >> 2)] ?? 0) >> ((at & 3) * 2)) & 3;
    const half = at >> 7;
    const quarter = (at >> 5) & 3;
    const lowAt = half * 64 + (quarter & 1) * 32 + (at & 31);
    const highAt = Q6_K_HIGH + half * 32 + (at & 31);
    block[lowAt] = (block[lowAt] ?? 0) | (low << ((quarter >> 1) * 4));
    block[highAt] = (block[highAt] ?? 0) | (high << (quarter * 2));
  }
};

/** Exchanges the codes of neighbouring sub-blocks of a Q4_K block: other numbers, which the structure does not show. */
const swapCodes = (block: Buffer): void => {
  for (let at = Q4_K_CODES; at < BLOCK_BYTES.Q4_K; at += 1) block[at] = (((block[at] ?? 0) & 15) << 4) | ((block[at] ?? 0) >> 4);
};

const changeBlocks = (bytes: Buffer, blockBytes: number, change: (block: Buffer) => void): void => {
  for (let at = 0; at + blockBytes <= bytes.byteLength; at += blockBytes) change(bytes.subarray(at, at + blockBytes));
};

/** Changes the tensors of a quantised file, and leaves out those that are skipped. */
const alterTensors = (entries: readonly Entry[], bytes: Buffer, { blocks, skips }: Behaviour): { entries: Entry[]; bytes: Buffer } => {
  const kept: Entry[] = [];
  const parts: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    if (skips.some((suffix) => entry.key.endsWith(suffix))) continue;
    const part = Buffer.from(bytes.subarray(entry.offset, entry.offset + entry.length));
    if (entry.format === 'Q6_K' && blocks === 'ggml') changeBlocks(part, BLOCK_BYTES.Q6_K, toPlanar);
    if (entry.format === 'Q4_K' && blocks === 'wrong') changeBlocks(part, BLOCK_BYTES.Q4_K, swapCodes);
    kept.push({ ...entry, offset });
    parts.push(part);
    offset += part.byteLength;
  }
  return { entries: kept, bytes: Buffer.concat(parts) };
};

const HEAD = blockFileNames('q4k').outputHead;
const LATER_HEAD = blockFileNames('kquant').outputHead;

/** Returns the name that later larqls give to a quantised file. */
const laterName = (path: string): string => (path === HEAD ? LATER_HEAD : path.replace('_q4k', '_kquant'));

/** Returns a recorded index for another model, with the time and the order of checksums of this run, which vary as larql's do. */
const alterIndex = (recorded: Buffer, model: string, names: Behaviour['names']): Buffer => {
  const index = Index.parse(JSON.parse(recorded.toString()));
  return bytesOf({
    ...index,
    model,
    quant: index.quant === 'q4k' ? names : index.quant,
    source: { ...index.source, huggingface_repo: model, extracted_at: new Date().toISOString() },
    checksums: Object.fromEntries(Object.entries(index.checksums).toSorted(() => Math.random() - 0.5)),
  });
};

/** Returns the files that a larql with this behaviour would have written for a model. */
export const alterOutput = (recorded: Files, model: string, behaviour: Behaviour): Files => {
  const files = new Map(recorded);
  const changesTensors = behaviour.blocks !== 'early' || behaviour.skips.length > 0;
  for (const [path, manifest] of changesTensors ? recorded : []) {
    const weights = path.replace('_manifest.json', '.bin');
    const bytes = recorded.get(weights);
    if (path === weights || path === 'weight_manifest.json' || bytes === undefined) continue;
    const altered = alterTensors(Manifest.parse(JSON.parse(manifest.toString())), bytes, behaviour);
    files.set(path, bytesOf(altered.entries)).set(weights, altered.bytes);
  }
  const index = recorded.get('index.json');
  if (index !== undefined) files.set('index.json', alterIndex(index, model, behaviour.names));
  if (behaviour.names === 'q4k') return files;
  const renamed = [...files].map(([path, bytes]): [string, Buffer] => [
    laterName(path),
    path === 'weight_manifest.json' ? Buffer.from(bytes.toString().replace(HEAD, LATER_HEAD)) : bytes,
  ]);
  return new Map(renamed);
};
