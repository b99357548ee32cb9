export { writeAtomic } from '../../core/files.js';
