import { parseDocument } from 'yaml';
import { z } from 'zod';

/** The YAML block at the top of a model card, parsed as the Hub parses it. */
interface CardMetadata {
  readonly data: Readonly<Record<string, unknown>> | undefined;
  readonly errors: readonly string[];
}

export const parseCard = (markdown: string): CardMetadata => {
  const front = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)^---[ \t]*$/m.exec(markdown);
  if (front === null || front.index !== 0) return { data: undefined, errors: [] };
  const document = parseDocument(front[1] ?? '');
  if (document.errors.length > 0) return { data: undefined, errors: document.errors.map((error) => error.message) };
  const value = z.record(z.string(), z.unknown()).nullable().safeParse(document.toJS());
  if (!value.success) return { data: undefined, errors: ['the metadata must be a mapping'] };
  return { data: value.data ?? undefined, errors: [] };
};

const stringsOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string');

/** Returns the relation of a model to its base. If a card does not state it, the Hub guesses from files; this hub assumes a fine-tune. */
const relationOf = (data: Readonly<Record<string, unknown>>): string => {
  const relation = data['base_model_relation'];
  return typeof relation === 'string' && ['adapter', 'finetune', 'merge', 'quantized'].includes(relation) ? relation : 'finetune';
};

/** Weight formats that the Hub recognizes by file names. */
const FORMATS = ['safetensors', 'gguf'];

/** Returns the tags that the Hub derives from a card and from the files beside it. */
export const tagsOf = (data: Readonly<Record<string, unknown>> | undefined, paths: Iterable<string>): string[] => {
  const names = [...paths];
  const formats = FORMATS.filter((format) => names.some((path) => path.endsWith(`.${format}`)));
  if (data === undefined) return [...formats, 'region:us'];
  return [
    ...formats,
    ...stringsOf(data['library_name']),
    ...stringsOf(data['pipeline_tag']),
    ...stringsOf(data['tags']),
    ...stringsOf(data['base_model']).flatMap((id) => [`base_model:${id}`, `base_model:${relationOf(data)}:${id}`]),
    ...stringsOf(data['license']).map((id) => `license:${id}`),
    'region:us',
  ];
};
