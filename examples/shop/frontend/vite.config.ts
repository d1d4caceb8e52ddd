import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const proxy = { "/api": "http://127.0.0.1:3000" };

// `server` and `preview` send /api to a backend on this machine, as nginx does in the image.
export default defineConfig({
  plugins: [react()],
  server: { proxy },
  preview: { proxy },
});
