// Send: uploads a file with tus-js-client, a client by other hands: node send.mjs URL COOKIE FILE SHA256 [stop after bytes].

import { readFileSync } from "node:fs";
import { Upload } from "tus-js-client";

const [endpoint, cookie, file, sha256, stopAfter] = process.argv.slice(2);
const content = readFileSync(file);
const known = process.env.UPLOAD_URL;
const upload = new Upload(content, {
  endpoint,
  uploadUrl: known || null,
  chunkSize: 50_000,
  retryDelays: [0, 200, 500, 1000, 2000, 2000, 2000],
  metadata: { sha256 },
  headers: { Cookie: cookie },
  onError: (error) => {
    console.log(JSON.stringify({ error: error.originalResponse?.getStatus() ?? String(error) }));
    process.exit(1);
  },
  onChunkComplete: (_size, done) => {
    if (!stopAfter || done < Number(stopAfter)) return;
    console.log(JSON.stringify({ url: upload.url, done }));
    process.exit(0);
  },
  onSuccess: () => console.log(JSON.stringify({ url: upload.url, whole: true })),
});
upload.start();
