import { Lexer, Parser } from 'yaml';

/**
 * Checks if a YAML text nests deeper than `limit` levels. The YAML composer is recursive, and if the stack overflows
 * inside a regular expression, V8 ends the whole process. Therefore a text that is too deep must never reach the composer.
 */
export const nestsDeeperThan = (limit: number, text: string): boolean => {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    // Drains finished documents: only the open nodes on the parser's stack count.
    Array.from(parser.next(lexeme));
    if (parser.stack.length > limit) return true;
  }
  return false;
};
