import { Lexer, Parser } from 'yaml';

/**
 * True when a YAML text nests deeper than so many levels. Composing is recursive, and where its stack ends inside
 * of a regular expression, V8 ends the whole process: what may be too deep must never get that far.
 */
export const nestsDeeperThan = (limit: number, text: string): boolean => {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    // Finished documents are let go: only what is still open counts.
    Array.from(parser.next(lexeme));
    if (parser.stack.length > limit) return true;
  }
  return false;
};
