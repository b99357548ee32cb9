import { describe, expect, it } from 'vitest';
import { CHECKSUMS, ProgressReader } from '../../larql/parse-progress.js';

const read = (text: string, layers = 4) => {
  const reader = new ProgressReader(layers);
  const changed = text.split('\n').map((line) => reader.read(line));
  return { ...reader.progress, changed };
};

describe('the progress of larql', () => {
  it('begins with the stage starting', () => {
    expect(new ProgressReader(4).progress).toEqual({ stage: 'starting', layersDone: 0, layers: 4, secondsLeft: null });
  });

  it('has the stage, its layers and the time left', () => {
    const text =
      '── gate_vectors ──\n  gate L 0: 0.1s\n  gate_vectors: 3.2s\n── down_meta ──\n    Whole-word vocab: 51234 tokens (of 128256)\n  down L 0: 40.0s\n  down L 1: 42.0s';
    expect(read(text)).toMatchObject({ stage: 'down_meta', layersDone: 2, layers: 4, secondsLeft: 82 });
  });

  it('has no time left when layers take no time', () => {
    expect(read('── model_weights_q4k ──\n  attn_q4k L 0: 0.0s')).toMatchObject({ layersDone: 1, secondsLeft: null });
  });

  it('counts a layer with several parts once', () => {
    expect(read('── model_weights_q4k ──\n  attn_q4k L 0: 0.0s\n  ffn_q4k L 0: 0.0s')).toMatchObject({ layersDone: 1 });
    expect(read('── down_meta ──\n  down L 0: 1.0s\n  down L 1: 1.0s\n  down L 2: 1.0s', 2)).toMatchObject({
      layersDone: 2,
      secondsLeft: 0,
    });
  });

  it('reaches the checksums after the weights, although larql does not print them', () => {
    expect(read('── model_weights_q4k ──\n  model_weights_q4k: 12.0s')).toMatchObject({ stage: CHECKSUMS, layersDone: 0 });
  });

  it('ignores any other line', () => {
    const { changed, ...progress } = read('Extracting: a → b\n\n  Streaming mode: 3 shards\n  gate L x: 1s\n── two words ──\n\u0000\uffff');
    expect(changed).toEqual([false, false, false, false, false, false]);
    expect(progress).toEqual({ stage: 'starting', layersDone: 0, layers: 4, secondsLeft: null });
  });
});
