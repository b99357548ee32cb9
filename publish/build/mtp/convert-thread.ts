import { kTransferable, kValue, Tinypool } from 'tinypool';
import { convert, type ConvertTask } from './convert.js';

/** Entry point of a pool thread. Transfers the buffer back instead of copying it. */
export default (task: ConvertTask): unknown => Tinypool.move({ [kTransferable]: task.buffer, [kValue]: convert(task) });
