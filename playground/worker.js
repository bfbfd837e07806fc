'use strict';
// The library as WebAssembly, and the system calls that one thread without files needs.
let module, library;
const decoder = new TextDecoder(), encoder = new TextEncoder();
const bytes = () => new Uint8Array(library.memory.buffer), view = () => new DataView(library.memory.buffer);
function text(at) {
  const all = bytes();
  return decoder.decode(all.subarray(at, all.indexOf(0, at)));
}
const system = {
  clock_time_get(id, precision, at) {
    view().setBigUint64(at, BigInt(Math.round(performance.now() * 1e6)), true);
    return 0;
  },
  environ_sizes_get(count, size) {
    view().setUint32(count, 0, true);
    view().setUint32(size, 0, true);
    return 0;
  },
  environ_get: () => 0,
  proc_exit(code) { throw new Error('the library ended with ' + code); }
};
const page = {fail(at) { throw new Error(text(at)); }};
async function load(base64) {
  const packed = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  module = await WebAssembly.compile(await new Response(unpacked).arrayBuffer());
}
const commands = {
  load: ({wasm}) => load(wasm),
  // Each training has an instance of its own: after an error nothing is left of the one before.
  async start({memory, hops, plus, minus, rate, seed, story}) {
    const wasi = {};
    for (const {module: from, name} of WebAssembly.Module.imports(module)) {
      if (from !== 'page') wasi[name] = system[name] || (() => 52);  // not supported
    }
    library = (await WebAssembly.instantiate(module, {page, wasi_snapshot_preview1: wasi})).exports;
    library._initialize();
    library.start(memory, hops, plus, minus, rate, seed);
    return {story: JSON.parse(text(library.story(story)))};
  },
  epoch({story}) {
    const epoch = JSON.parse(text(library.epoch()));
    return {epoch, story: JSON.parse(text(library.story(story)))};
  },
  test: () => ({test: JSON.parse(text(library.test()))}),
  ask({words}) {
    const coded = encoder.encode(words), at = library.room(coded.length);
    bytes().set(coded, at);
    return {asked: JSON.parse(text(library.ask()))};
  }
};
let last = Promise.resolve();  // one after the other
onmessage = ({data}) => {
  last = last.then(async () => {
    const stack = library?.__stack_pointer.value;
    try {
      postMessage({...await commands[data.do](data), done: data.do});
    } catch (error) {  // functions of the library were left without returning
      if (stack) library.__stack_pointer.value = stack;
      postMessage({done: data.do, error: error.message});
    }
  });
};
