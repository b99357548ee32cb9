import fc from 'fast-check';

/** The text of a random catalog, and the style of its list. */
export interface RandomCatalog {
  readonly text: string;
  readonly style: 'block' | 'flow' | 'flow-lines' | 'empty';
}

const word = fc.stringMatching(/^[a-z]{1,6}$/);
const comment = fc.stringMatching(/^# [ -~é]{0,20}$/).map((text) => text.trimEnd());
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

const quoted = fc.constantFrom(
  (text: string) => text,
  (text: string) => `'${text}'`,
  (text: string) => `"${text}"`,
);

interface Item {
  /** Fields such as `tier: …` in any order, each with an optional comment behind it. */
  readonly fields: readonly {
    readonly name: string;
    readonly value: string;
    readonly behind: string | undefined;
    readonly folded: boolean;
  }[];
  readonly above: string | undefined;
  readonly between: string | undefined;
  readonly inline: boolean;
}

const item = (at: number): fc.Arbitrary<Item> =>
  fc
    .record({
      tier: fc.tuple(word, quoted),
      quote: quoted,
      anchored: fc.boolean(),
      order: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 }),
      behind: fc.array(maybe(comment), { minLength: 4, maxLength: 4 }),
      above: maybe(comment),
      between: maybe(comment),
      inline: fc.boolean(),
      folded: fc.boolean(),
    })
    .map(({ tier: [tier, quote], quote: own, anchored, order, behind, above, between, inline, folded }) => {
      const alias = anchored && at > 0 ? '*first' : `${at === 0 ? '&first ' : ''}${quote(tier)}`;
      const fields = [
        ['key', own(`k${at}`)],
        ['tier', alias],
        ['mtp_source_repo', own('labs/source')],
        ['mtp_sidecar_repo', own(`acme/k${at}`)],
      ] as const;
      return {
        fields: order.map((from) => ({
          name: fields[from]![0],
          value: fields[from]![1],
          behind: behind[from],
          folded: folded && fields[from]![0] === 'mtp_source_repo',
        })),
        above,
        between,
        inline,
      };
    });

const behind = (text: string | undefined): string => (text === undefined ? '' : `  ${text}`);

const inlineText = ({ fields }: Item): string => `{${fields.map(({ name, value }) => `${name}: ${value}`).join(', ')}}`;

const blockLines = (whole: Item, indent: number, gap: number): string[] => {
  const { fields, above, between, inline } = whole;
  const at = ' '.repeat(indent);
  const head = above === undefined ? [] : [`${at}${above}`];
  if (inline) return [...head, `${at}-${' '.repeat(gap)}${inlineText(whole)}${behind(fields[0]?.behind)}`];
  const lines = fields.map(({ name, value, behind: after, folded }, place) => {
    const start = `${at}${place === 0 ? `-${' '.repeat(gap)}` : ' '.repeat(gap + 1)}${name}: `;
    return folded ? `${start}>-\n${at}${' '.repeat(gap + 4)}labs/source` : `${start}${value}${behind(after)}`;
  });
  return [...head, ...lines.slice(0, 2), ...(between === undefined ? [] : [`${at}  ${between}`]), ...lines.slice(2)];
};

const layout = fc.record({
  style: fc.constantFrom('block', 'block', 'flow', 'flow-lines', 'empty'),
  indent: fc.constantFrom(0, 2, 4),
  gap: fc.constantFrom(1, 3),
  apart: fc.boolean(),
  eol: fc.constantFrom('\n', '\r\n'),
  lastLine: fc.boolean(),
  head: fc.array(fc.oneof(comment, fc.constant('')), { maxLength: 3 }),
  start: fc.constantFrom('', '---'),
  anchor: fc.constantFrom('', ' &all'),
  behindKey: maybe(comment),
  comma: fc.boolean(),
  /** Comments and empty lines below the last entry, by their indent. */
  tail: fc.array(fc.tuple(fc.constantFrom(0, 2, 4, 6), fc.oneof(comment, fc.constant(''))), { maxLength: 4 }),
  end: fc.constantFrom('', '', '...'),
  bom: fc.boolean(),
});

const modelsLines = (items: readonly Item[], look: typeof layout extends fc.Arbitrary<infer T> ? T : never): string[] => {
  const key = `models:${look.anchor}`;
  if (look.style === 'empty') return [`${key} []${behind(look.behindKey)}`];
  if (look.style === 'flow') return [`${key} [${items.map(inlineText).join(', ')}${look.comma ? ',' : ''}]${behind(look.behindKey)}`];
  if (look.style === 'flow-lines')
    return [
      `${key} [${behind(look.behindKey)}`,
      ...items.flatMap((one, at) => [
        ...(one.above === undefined ? [] : [`  ${one.above}`]),
        `    ${inlineText(one)}${at < items.length - 1 || look.comma ? ',' : ''}${behind(one.fields[0]?.behind)}`,
      ]),
      '  ]',
    ];
  return [
    `${key}${behind(look.behindKey)}`,
    ...items.flatMap((one, at) => [...(look.apart && at > 0 ? [''] : []), ...blockLines(one, look.indent, look.gap)]),
  ];
};

/** Catalogs as people write them, with one to four entries. */
export const randomCatalog: fc.Arbitrary<RandomCatalog> = fc
  .integer({ min: 1, max: 4 })
  .chain((count) => fc.tuple(fc.tuple(...Array.from({ length: count }, (_, at) => item(at))), layout))
  .map(([items, look]) => {
    const tail = look.tail.map(([indent, text]) => (text === '' ? '' : `${' '.repeat(indent)}${text}`));
    const lines = [
      ...look.head,
      ...(look.start === '' ? [] : [look.start]),
      ...modelsLines(items, look),
      ...tail,
      ...(look.end === '' ? [] : [look.end]),
    ];
    const text = lines.flatMap((line) => line.split('\n')).join(look.eol);
    return { text: `${look.bom ? '\uFEFF' : ''}${text}${look.lastLine ? look.eol : ''}`, style: look.style };
  });
