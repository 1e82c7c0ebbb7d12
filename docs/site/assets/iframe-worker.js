// Zensical searches in a worker, which browsers refuse to pages that are opened as files. There a
// hidden frame runs the same script instead. Zensical would fetch such a shim from a CDN.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      this.inside = this.frame.contentWindow;
      // What the script sends goes to whoever listens out here, later, as from a worker.
      this.inside.postMessage = (data) => setTimeout(() => this.deliver(data));
      const script = this.inside.document.createElement("script");
      this.loaded = new Promise((resolve, reject) => {
        script.onload = resolve;
        script.onerror = reject;
      });
      script.src = new URL(url, document.baseURI).href;
      this.inside.document.body.append(script);
    }

    deliver(data) {
      const event = new MessageEvent("message", { data });
      this.dispatchEvent(event);
      this.onmessage?.(event);
    }

    postMessage(data) {
      this.loaded.then(
        () => this.inside.dispatchEvent(new this.inside.MessageEvent("message", { data })),
        (error) => this.onerror?.(error),
      );
    }

    terminate() {
      this.frame.remove();
    }
  };
}
