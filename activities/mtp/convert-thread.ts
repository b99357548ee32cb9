import { kTransferable, kValue, Tinypool } from 'tinypool';
import { convert, type ConvertTask } from './convert.js';

/** What runs in a thread of the pool; the output is handed over, not copied. */
export default (task: ConvertTask): unknown => {
  const converted = convert(task);
  return Tinypool.move({ [kTransferable]: converted.output.buffer, [kValue]: converted });
};
