import { defineConfig, loadEnv } from "vite";

export default defineConfig(({ command, mode }) => ({
  // Built pages are told where they are by the server, in `<base>`.
  base: command === "serve" ? "/ui/" : "./",
  build: {
    outDir: "../generated/scale_ui/files",
    emptyOutDir: true,
    target: "es2023",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // What is inside of what is built, and on what terms.
    license: { fileName: "licenses.md" },
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: {
    // `npm run dev` gets the API from a Scale that runs, such as that of `make up`.
    proxy: {
      "^/(?!ui/)": { target: loadEnv(mode, ".", "SCALE_")["SCALE_URL"] ?? "http://127.0.0.1:8580", changeOrigin: true },
    },
  },
}));
