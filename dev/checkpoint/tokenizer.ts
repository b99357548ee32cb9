const ONSETS = ['b', 'd', 'f', 'g', 'k', 'l', 'm', 'n'];
const NUCLEI = ['a', 'e', 'i', 'o', 'u', 'ai', 'ei', 'ou'];
const SPECIAL = '<unk>';

/** Returns a different word for each id, of two letters or more, so that some count as whole words and some do not. */
const word = (id: number): string => {
  const onset = ONSETS[id % ONSETS.length] ?? '';
  const nucleus = NUCLEI[Math.floor(id / ONSETS.length) % NUCLEI.length] ?? '';
  const round = Math.floor(id / (ONSETS.length * NUCLEI.length));
  return `${onset}${nucleus}${round === 0 ? '' : round}`;
};

const special = { id: 0, content: SPECIAL, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };

/** Returns a `tokenizer.json` that the `tokenizers` library loads: each word is one token, and the first token is special. */
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
