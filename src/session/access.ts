/** What a TLS connection needs, each as the text of a PEM file. In a browser, the browser's own settings count. */
export interface TlsOptions {
  /** The certificates to be trusted, in place of the system's. */
  ca?: string | undefined;
  /** Our own, if the broker wants one, and its key. */
  certificate?: string | undefined;
  key?: string | undefined;
  /** The name that the broker's certificate is for, if it is not the address's. */
  serverName?: string | undefined;
  /** False: anybody in between can read and change everything. For trials only. */
  verify?: boolean | undefined;
}

/** Who we are to a broker, and how it proves who it is. */
export interface Access {
  /** In place of those in the URL. */
  username?: string | undefined;
  password?: string | undefined;
  tls?: TlsOptions | undefined;
}
