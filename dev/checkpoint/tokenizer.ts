const ONSETS = ['b', 'd', 'f', 'g', 'k', 'l', 'm', 'n'];
const NUCLEI = ['a', 'e', 'i', 'o', 'u', 'ai', 'ei', 'ou'];
const SPECIAL = '<unk>';

/** Words that differ, from two letters on, so that some of them count as whole words and some do not. */
const word = (id: number): string => {
  const onset = ONSETS[id % ONSETS.length] ?? '';
  const nucleus = NUCLEI[Math.floor(id / ONSETS.length) % NUCLEI.length] ?? '';
  const round = Math.floor(id / (ONSETS.length * NUCLEI.length));
  return `${onset}${nucleus}${round === 0 ? '' : round}`;
};

const special = { id: 0, content: SPECIAL, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };

/** A `tokenizer.json` that the `tokenizers` library loads: one token a word, the first of them special. */
export const wordTokenizer = (vocabulary: number): object => ({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [special],
  normalizer: null,
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: {
    type: 'WordLevel',
    vocab: Object.fromEntries(Array.from({ length: vocabulary }, (_, id) => [id === 0 ? SPECIAL : word(id), id])),
    unk_token: SPECIAL,
  },
});
