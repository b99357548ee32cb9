/** Two words in a row, which codes, keys, paths and formats do not contain. */
const SENTENCE = /[a-z]{2,} [a-z]{2,}/i;

const textOf = (node) => {
  if (node.type === 'StringLiteral') return node.value;
  if (node.type === 'TemplateLiteral') return node.quasis.map(({ value }) => value.raw).join('…');
  return '';
};

/** Does not mutate sentences: tests check the code of a message, and reviewers check its wording. */
export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'sentences',
    value: { shouldIgnore: ({ node }) => (SENTENCE.test(textOf(node)) ? 'a sentence for people' : undefined) },
  },
];
