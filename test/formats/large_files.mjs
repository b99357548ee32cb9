// Reads a header and an index with the maximum number of tensors, generated on the fly. Keeping all of them needs a larger heap.
import { openHeader } from '../../dist/formats/safetensors/header.js';
import { openIndex } from '../../dist/formats/safetensors/index-file.js';

const IN_HEADER = 100_000;
const IN_INDEX = 250_000;
const isHead = (name) => name.startsWith('mtp.');
const nameOf = (at) => `${at % 1000 === 0 ? 'mtp' : 'model'}.${at % 100}.experts.${at}.up_proj`;
const encoder = new TextEncoder();

function* textOf(count, member, before, after) {
  let some = before;
  for (let at = 0; at < count; at += 1) {
    some += `${at === 0 ? '' : ','}${JSON.stringify(nameOf(at))}:${member(at)}`;
    if (some.length < 50_000) continue;
    yield encoder.encode(some);
    some = '';
  }
  yield encoder.encode(some + after);
}

const header = () => textOf(IN_HEADER, (at) => `{"dtype":"BF16","shape":[1,2],"data_offsets":[${at * 4},${at * 4 + 4}]}`, '{', '}');
let bytes = 0;
for (const some of header()) bytes += some.byteLength;
const parsing = openHeader(bytes, 8 + bytes + IN_HEADER * 4, isHead);
for (const some of header()) parsing.feed(some);
const { tensors, count } = parsing.end();

const reading = openIndex(isHead);
for (const some of textOf(IN_INDEX, (at) => `"model-${at % 200}.safetensors"`, '{"weight_map":{', '}}')) reading.feed(some);
const { weightMap, files } = reading.end();

process.stdout.write(JSON.stringify({ bytes, count, kept: tensors.length, indexed: weightMap.size, files: files.size }));
