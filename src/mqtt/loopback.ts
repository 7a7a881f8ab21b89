/** Whether only this machine reaches a host, as it stands in an address (`[::1]`) or by itself (`::1`). */
export function isLoopback(host: string): boolean {
  return ['localhost', '::1', '[::1]'].includes(host) || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
