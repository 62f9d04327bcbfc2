import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { defineConfig } from 'vite';

const compress = promisify(gzip);
const SMALLEST = 1024; // below this the header of gzip eats the gain

/** Writes `<file>.gz` beside each built file, so that the server never has to compress Monaco's 3 MB itself. */
function precompress() {
  let directory;
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      directory = join(config.root, config.build.outDir);
    },
    // The workers are written by builds of their own, so this looks at the folder and not at one bundle.
    async closeBundle() {
      const names = await readdir(directory, { recursive: true, withFileTypes: true });
      const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      await Promise.all(files.map(writeCompressed));
    },
  };
}

async function writeCompressed(file) {
  const content = await readFile(file);
  if (content.length < SMALLEST) return;
  await writeFile(`${file}.gz`, await compress(content, { level: constants.Z_BEST_COMPRESSION }));
}

// "use client" is for React servers; bundling drops it, which is right here and not worth 200 lines of warnings.
function onLog(level, log, report) {
  if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log);
}

export default defineConfig({
  base: './', // the server may mount the page below any prefix
  plugins: [precompress()],
  worker: { format: 'es' }, // Monaco's workers are modules
  build: { chunkSizeWarningLimit: 5000, reportCompressedSize: false, rolldownOptions: { onLog } },
});
