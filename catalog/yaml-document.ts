import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { nestsDeeperThan } from './nesting.js';
import type { Problem } from './problem.js';

/** More than any catalog written by hand. */
const MAX_CHARACTERS = 1024 * 1024;
/** An alias takes few characters and can expand exponentially. */
const MAX_ALIASES = 100;
/** A catalog has five levels. */
const MAX_DEPTH = 64;

type Path = readonly (string | number)[];

/** A parsed YAML text that maps each path to its line. */
export class YamlDocument {
  private constructor(
    readonly file: string,
    readonly value: unknown,
    private readonly document: Document | null,
    private readonly lines: LineCounter,
  ) {}

  /** Parses a text; returns violations of YAML itself as problems, with an undefined value. */
  static parse(file: string, text: string): { readonly document: YamlDocument; readonly problems: readonly Problem[] } {
    const lines = new LineCounter();
    const empty = (message: string) => ({
      document: new YamlDocument(file, undefined, null, lines),
      problems: [{ file, line: 1, field: '', message }],
    });
    if (text.length > MAX_CHARACTERS) return empty(`has ${text.length} characters; at most ${MAX_CHARACTERS} are allowed`);
    if (nestsDeeperThan(MAX_DEPTH, text)) return empty(`nests deeper than ${MAX_DEPTH} levels`);
    const parsed = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, logLevel: 'error' });
    const problems = [...parsed.errors, ...parsed.warnings].map((error) => ({
      file,
      line: lines.linePos(error.pos[0]).line,
      field: '',
      message: error.message,
    }));
    if (problems.length > 0) return { document: new YamlDocument(file, undefined, null, lines), problems };
    try {
      return { document: new YamlDocument(file, parsed.toJS({ maxAliasCount: MAX_ALIASES }), parsed, lines), problems: [] };
    } catch (error) {
      return empty(error instanceof Error ? error.message : String(error));
    }
  }

  problem(path: Path, message: string, field = path.filter((part) => typeof part === 'string').join('.')): Problem {
    return { file: this.file, line: this.lineOf(path), field, message };
  }

  /** Returns the line of a value, or of its nearest ancestor that the text contains. */
  lineOf(path: Path): number {
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const offset = this.offsetOf(path.slice(0, depth));
      if (offset !== undefined) return this.lines.linePos(offset).line;
    }
    return 1;
  }

  /** Uses the name of a field, not its value: the value may be missing or on a later line. */
  private offsetOf(path: Path): number | undefined {
    if (this.document === null) return undefined;
    const parent: unknown = path.length === 0 ? this.document.contents : this.document.getIn(path.slice(0, -1), true);
    const last = path.at(-1);
    if (isMap(parent) && last !== undefined) {
      const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === last);
      return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
    }
    const node: unknown = path.length === 0 ? parent : this.document.getIn(path, true);
    return isNode(node) ? node.range?.[0] : undefined;
  }
}
