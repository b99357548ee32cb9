import { kTransferable, kValue, Tinypool } from 'tinypool';
import { convert, type ConvertTask } from './convert.js';

/** What runs in a thread of the pool; the room is handed back, not copied. */
export default (task: ConvertTask): unknown => Tinypool.move({ [kTransferable]: task.room, [kValue]: convert(task) });
