import { describe, expect, it } from 'vitest';
import { digestOfModel, RECORDED_MODELS } from '../../../dev/larql/models.js';
import { readRecording, recordingNames } from '../../../dev/larql/recording.js';
import { compareNumbers } from '../../../formats/vindex/compare-numbers.js';
import { extractOptions } from '../../../formats/vindex/extract-options.js';
import { layoutOf } from '../../../formats/vindex/layout.js';
import { validateVindex } from '../../../formats/vindex/validate.js';
import { describeModel } from '../../../larql/probe-larql.js';
import { readerOf } from '../../formats/vindex/tiny-vindex.js';

const cut = (files: ReadonlyMap<string, Uint8Array>) => (path: string, begin: number, end: number) =>
  Promise.resolve(files.get(path)!.subarray(begin, end));

describe.each(await recordingNames())('the recording %s of larql', (name) => {
  const [, model = '', quant] = /^(.+)-(none|q4k)$/.exec(name) ?? [];
  const source = RECORDED_MODELS[model]!();

  it('was made from the weights of its model', async () => {
    expect(await readRecording(name)).toMatchObject({ weights: digestOfModel(source), quant });
  });

  it('is a valid vindex with the numbers of its source', async () => {
    const { files } = await readRecording(name);
    const layout = layoutOf(describeModel(source), extractOptions(quant === 'none' ? 'none' : 'q4k'), 'full');
    expect(await validateVindex(readerOf(files), layout, 'labs/recorded')).toEqual([]);
    expect(await compareNumbers(layout, readerOf(files), { read: cut(source) }, { seed: 1, rowsPerFile: 24 })).toMatchObject({
      problems: [],
      blocks: quant === 'none' ? null : 'interleaved',
    });
  });
});
