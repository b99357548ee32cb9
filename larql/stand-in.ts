/**
 * The last line of every `--help` output of a stand-in, which distinguishes it from larql. `--version` prints the same as
 * larql, because other programs read it. No larql prints this line; a worker that must not run a stand-in checks
 * `extract --help`.
 */
export const STAND_IN_MARKER = 'Stand-in for larql, from the tests of skulk-weights-publisher: not larql.';
