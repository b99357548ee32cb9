import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { planMtpSidecar, type MtpSelection } from '../../../formats/mtp/selection.js';
import type { TensorShape } from '../../../formats/safetensors/write.js';
import { file, tensors } from './checkpoint.js';
import { FAMILY_CASES } from './family-cases.js';

const Verdicts = z.array(z.tuple([z.string().nullable(), z.string().nullable()]));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'swp-binding-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Writes each sidecar with zeros as data, and applies the rules of the loader to the files. */
const runLoader = async (selections: readonly MtpSelection[]) => {
  const paths = selections.map((_, at) => join(directory, `${at}.safetensors`));
  for (const [at, { layout }] of selections.entries()) {
    const path = paths[at] ?? '';
    await writeFile(path, layout.header);
    await truncate(path, layout.size);
  }
  const script = new URL('skulk_loader.py', import.meta.url).pathname;
  const { stdout } = await execa('python3', [script], { input: JSON.stringify(paths) });
  return Verdicts.parse(JSON.parse(stdout));
};

/** The checkpoint itself, and variants with one tensor missing, transposed, enlarged or added. */
const variants = (entries: readonly TensorShape[]): TensorShape[][] => [
  [...entries],
  ...entries.flatMap((entry, at) => {
    const others = entries.filter((_, other) => other !== at);
    return [
      others,
      [...others, { ...entry, shape: entry.shape.toReversed() }],
      ...entry.shape.map((_, grown) => [
        ...others,
        { ...entry, shape: entry.shape.map((size, dimension) => (dimension === grown ? size + 1 : size)) },
      ]),
      [...entries, { ...entry, name: `${entry.name}_extra` }],
    ];
  }),
];

it("agrees with Skulk's loader about every family, and about every missing, misshapen or extra tensor", async () => {
  const cases = FAMILY_CASES.flatMap(({ family, config, shapes }) =>
    variants(tensors(shapes)).map((entries) => ({
      family,
      selection: planMtpSidecar({ files: [file('model.safetensors', entries)], config }),
    })),
  ).filter(({ selection }) => selection.problems.every(({ severity }) => severity !== 'blocked'));
  const verdicts = await runLoader(cases.map(({ selection }) => selection));
  const disagreements = cases.flatMap(({ family, selection: { binding } }, at) => {
    const [drafter, reason] = verdicts[at] ?? [null, 'not judged'];
    return binding.drafter === drafter ? [] : [{ family, ours: binding, theirs: drafter ?? reason }];
  });
  expect(disagreements).toEqual([]);
  const bound = verdicts.flatMap(([drafter]) => drafter ?? []);
  expect(new Set(bound)).toEqual(new Set(['qwen', 'deepseek']));
  expect(bound.length).toBeLessThan(verdicts.length);
}, 60_000);
