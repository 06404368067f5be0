// Sign, Verify, sign, verify, publicEncrypt and the like.
// flags: nodejs_compat
// differs: sign() and verify() heed padding and saltLength, which workerd's ignore; a wrong PKCS #1 padding gives a random message
const PEM = {
"x": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIFjvKdZZ1l8oLRjtvLWvHr+tu1C4Yzlb+fO17VbgG1xz\n-----END PRIVATE KEY-----\n",
"ec1": "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIJVAtBBiOw/GBle/XTq34dhONO8E0gFqamSr2wNLZvCcoAoGCCqGSM49\nAwEHoUQDQgAEfa/XEJvolCYaeFWM2yPecLDxacQY6OuV/5uZZ9IdqqjTy2qZHXt3\nxQ8waxbLhvNqQjtzX9hmRJdouBsaY4g9aQ==\n-----END EC PRIVATE KEY-----\n",
"edpub": "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEANOAP3dPPYdQvx1vmAErte7xNfbheKh9Q2mto3uMG68k=\n-----END PUBLIC KEY-----\n",
"rsa": "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC37HU09pBGsfgJ\nT0NwkD+O6ZcNShD4Tn8jl8UZGKyQLaKWDXiC3UEPysAertScefX38SmTNmvAaWx2\nBuZWRVG4UdCtTmvoInqkflnmXwCwsNJbI21ZJR4qDXSoVsA//LziQqCK4xmCMVuX\nPC+vubHHQ6L0DFJxReXgWoZDdR8P0c5HSyZZcB+iQkBrr7rYcTMO458yYpVgTYna\nffd6TROINaaa42uOnecXkSiC642bfqUUWA/26srIJl5aqK+vP269WHOyoYERUhBY\nMw4jIfmEYpQ4Q96DWXO1xY89QJhjRvrnJW95kK592hZD8+kluekaV0BhdRj/EpvZ\nO75t7fhLAgMBAAECggEAOGF6BIRY8fL4cBImQElX0n102pQL47JccxLBTtIrg/8Z\nShpTCPq+SRMEFePONTGF3z3EWuZh3ZfzsbKnxWZ2iKQ77gSOO5jmM6qv8FjLI17w\n/RM9IAiq2IVLb5c4U+UsGcgG4sx/M1PiGdhPXfT0tHrdZyan1yVwNHhLlD5BCV3o\nKmzB2sE70XphkEbNi207B7BoSKg249wIe8N8R5QogZou4l9LwxBWD8zRMhR2pq4l\nOPRDaD2bhVeoBygo/aJWVlQma9BmWvT2avhkr0yzkQnfRiIH1FqmHKbbOXRjyYJ5\nP17HcAoKGLos6kNH8ZI0uus6sw7XGzCf47cGCXrwQQKBgQDnMkNP19izbJrxUcsC\nKvys2hq2AID0q7W+8/08TT3/zL2OtIm4RfpEaKGTw7TOjH5WSdZH0rafa/oGJrTs\nGRIr2C3y4UuyeifYJB78PAGx6fJ1yTCtRJE0ihIV8iT94Q/dm7geKLWlJ88JekSJ\noO3o3f66lTEtiI/Cxv/M4BG3GwKBgQDLp92A1K9sLM6/Omh1D+UjVkETFELVozM/\npraoVCxbzs2+SU69bB0PBQofwgWGXVvAFbH4TWAIW0quGoP1Qpfxdgs5IMMwFHwj\nJ0ZBQire3KftgIQKtOAExGwXTGMS9BsYrwx9FtULskvqJc/dQJ8rHPlQep3A4Gfy\nect641nmkQKBgQDTvpYlr0O6ePKjqEztDF/lE9C49lclP4qyfBZnvzrUaDkIVVN5\nISYot0ec5PZY4hXng7Ksj1FRS3xvW84CGqgo3dKfizZgHT8W12ZFj9PhlanJtN1P\nI+h1nSsZTHAS0alNRwxnGtPakk4tmPzirDCZQZDGZFPpJxS7yLSJeILhFwKBgDTT\nznlksjx1QwwHsqDrBp0r+qVgVBXmx5xzOl5ft0H5WxVJHsu0B7WlsQKb6aL5BJvH\nBOtL5uVECRMwfZpZM+DGphKjlP4b0jesMGUtLMGyqzzIYXgFgza5XPCOOATqnTzB\n65NnIMxv65FJTaou4Rrl4SYnKFSn4U7cmRO/dcqBAoGBANpmICO0HDanejgcBjNB\niBEzeSa9J7JVhhaRGB/yK0vahP9LE+e2evOb5aJRWQtN7tQ8+XNrpLCZIsrugsyO\nI1ZkzWE1X6BNr0/+vPqb3aABlZEt5m4J+CAZ91iEmmA+HC1Isw7fLhXCoi2PaJpk\nNbtzLSZWXWxiE65YeHRXyAlj\n-----END PRIVATE KEY-----\n",
"ed": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIGfnSGAMgoCCdVeuzvhVHnuQBOx3nbwYCkThiyOR35d4\n-----END PRIVATE KEY-----\n",
"cert": "-----BEGIN CERTIFICATE-----\nMIIDiTCCAnGgAwIBAgIUcdeBW3Jd8LJDx2tka2uf6a5Bb4owDQYJKoZIhvcNAQEL\nBQAwNTELMAkGA1UEBhMCTkwxEDAOBgNVBAoMB1Bvc3Rlcm4xFDASBgNVBAMMC2V4\nYW1wbGUuY29tMB4XDTI2MTEyNjAzNDcyNVoXDTM2MTEyMzAzNDcyNVowNTELMAkG\nA1UEBhMCTkwxEDAOBgNVBAoMB1Bvc3Rlcm4xFDASBgNVBAMMC2V4YW1wbGUuY29t\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAt+x1NPaQRrH4CU9DcJA/\njumXDUoQ+E5/I5fFGRiskC2ilg14gt1BD8rAHq7UnHn19/EpkzZrwGlsdgbmVkVR\nuFHQrU5r6CJ6pH5Z5l8AsLDSWyNtWSUeKg10qFbAP/y84kKgiuMZgjFblzwvr7mx\nx0Oi9AxScUXl4FqGQ3UfD9HOR0smWXAfokJAa6+62HEzDuOfMmKVYE2J2n33ek0T\niDWmmuNrjp3nF5EoguuNm36lFFgP9urKyCZeWqivrz9uvVhzsqGBEVIQWDMOIyH5\nhGKUOEPeg1lztcWPPUCYY0b65yVveZCufdoWQ/PpJbnpGldAYXUY/xKb2Tu+be34\nSwIDAQABo4GQMIGNMB0GA1UdDgQWBBTTwp+2xIusr70+/e95/EInilty/jAfBgNV\nHSMEGDAWgBTTwp+2xIusr70+/e95/EInilty/jAPBgNVHRMBAf8EBTADAQH/MDoG\nA1UdEQQzMDGCC2V4YW1wbGUuY29tgg0qLmV4YW1wbGUub3JnhwR/AAABgQ1hQGV4\nYW1wbGUuY29tMA0GCSqGSIb3DQEBCwUAA4IBAQCQJN76zTT/9EPUrX86yiFLwt2L\npHkvhTSVcVehwmzdcXBDTzR3TDSslhDE05kan131SGBHL/Ib/nMqy9O1EoWDJoTr\nks47KjHEe1IEVCzQwdzoK+tFAG/k48Xu//G8X+LI8e9kIECv/jdN/u6wVSmTL5I7\nNtzkLVUaBvqyOaHwbP+aCra0j/6AmdEFx+SgemzoepRPomRU3vZf1Qvb4DS8dIbZ\nquOCEnIXhPLgan1FEKGwIzuWiuGHzwzq9NhMLb4/Y+M+hzjKgM4JjaVr50QjjdPa\nKPz0z2rR3HbN+iKrC+QM1vYyW0ys0Ve+/hKk0giOc5YdsAEPM6/hunLHzW9Y\n-----END CERTIFICATE-----\n",
"ecpub": "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfa/XEJvolCYaeFWM2yPecLDxacQY\n6OuV/5uZZ9IdqqjTy2qZHXt3xQ8waxbLhvNqQjtzX9hmRJdouBsaY4g9aQ==\n-----END PUBLIC KEY-----\n",
"ec": "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQglUC0EGI7D8YGV79d\nOrfh2E407wTSAWpqZKvbA0tm8JyhRANCAAR9r9cQm+iUJhp4VYzbI95wsPFpxBjo\n65X/m5ln0h2qqNPLapkde3fFDzBrFsuG82pCO3Nf2GZEl2i4GxpjiD1p\n-----END PRIVATE KEY-----\n",
"rsaenc": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIiiE92tLNWbsCAggA\nMAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBA+8gLNaRi1yC7+pngI41JCBIIE\n0AyO47IAvGzGHdqXOCqZxP3WZmrVUAPVVOWq0wV5Z52jgGkKVi8+Z41lPMJdL9+B\nObv5qo715kZ5y+Yk0VEK8fV7RBd0RSsvRp++VkqJwwMVJaDeW+rsPFJUHXrqywVd\njMU8BU780b9pp7/6tj7aeyEEpOpsS5iYgdA5wifSXDhNKJgCXG01Q7kiRxS9F1eN\newX0gIjEwcVUb8KS4FzSHxqqkFTZkmbSu6rRzX82hywhjEDBoAYgHZfwSjmxZO84\nmNGZdRH0ofdEjr53q+xtYNECIqP9BoNY6Oflo5UqOXd0cWXqxjUHAYsVpB+TKo9p\nPeVS7rVswiVZ4j9Ln0ph0/83zvVwPBqulph2jkSy69NorNmJwT/jIuoI7bHiczwF\ne4Xrl34QRJGwEDgwbgVw/t35U9w0+K9xH/17rsLCDumbNBjZYq71a8qwGyy6CzOm\nlQ6yKSP/q5vZK06K3vsBotqiHQfudPx2/42B7DoI55eDjXU6yBjj+pfwpfrwFD0z\n7Pd0sWPproPqaTuvM+1DtRzB1yafvGjvbLEyHdqpG9uzGHFPcEa5tZCY/W8bwxyr\n93lo81W5cpavMxtQ/RLgeZBaD+EIeOiLhHTpXlAxT85beCRZ94gnGIv56eD+YKN4\nNkZgG97+7dAVbsq8cQh5PiJYp6sbxGfL0KbEfwuratz2pPJbJ0gnefuROm1VnWPq\nGQeD/bYrz8RrI2ySFytfgNA9JANXEPYNikGU1PLdhVqnXpPSYq/g0uO6XXhXDY4b\n4RsyYitf0zDY4zSHGUF4Sa3jglIabKAWp+DlJnThlUH94mpSwwZ09/zswY3a/amA\nFfiuhpP/ABHewqo2uMfXUyV1zcpsYOq3thPwPQ1WUDZA5JfgfGRYOLOZ6n1xZEQE\nSqrrVPkNXi2NnKdKtZKyRxfi/y6r8XTxVn2wv5hIVHI7ToLdoHQBCsmn/11BPDF5\nwUFhsjki+vIjzGSgmG93mDkT2biWACcSZe4EjQrOriGCTcpj5I8RqZIqI5/+ZBZL\n1Zk6OaZG3rNN3krfwh9Ebo8NrSH4o+5VxtCHCjbdprXTjCK8V1L9wocErzs5cshm\nXiBZ3qAspogI4meJp/GirXpNnMqEXGeNo1qpDAH9LPr61ALZmfkFRCgXUiKmTIFA\nHfEyu0qKg+51YXvQBfmshVt/MoMZ8RYDEHB3U4unacjs8usvjt00V0Ln1rt52AzY\n5uHlZKTQrpEf7DPH0ILQKRlYGVxD9PvaAbRclmLoXmOm55nz8YerymGpVzDft1An\nObcW5Z4frFg7+87rx0JAfPb8ZEFCvLLzzu7FUeHEzN9cm/jiwYM8NiPxrE95MSCv\n61M5FKsUrn6oTxkgET4LZ8UphYf/FaW9QPcuVBwe2ox/pYDVmK4DpLhqdF7q20cL\nYZwgkqlgn71MrDbHHRlIaKdbfu+rhHfn+L19YXTUK/Ae29LemVB9STi32Z9ChwQU\n5tVv6j+h3DggDfnpaz9PicpqIMQSfGSUQ71Aueaaq2Lu3GnE45RipvIw/Lg0vh21\nET/BdQRHL9Qn127pCPACBem93WJZYyZ9TPAPtGGBm8xcH7nQbmaahHPCamFxTLiE\n+aL6y9E92q+aM+Vlo74tKP5NOjdn3kJ4ZFTjPZS+xsPX\n-----END ENCRYPTED PRIVATE KEY-----\n",
"rsa1": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAt+x1NPaQRrH4CU9DcJA/jumXDUoQ+E5/I5fFGRiskC2ilg14\ngt1BD8rAHq7UnHn19/EpkzZrwGlsdgbmVkVRuFHQrU5r6CJ6pH5Z5l8AsLDSWyNt\nWSUeKg10qFbAP/y84kKgiuMZgjFblzwvr7mxx0Oi9AxScUXl4FqGQ3UfD9HOR0sm\nWXAfokJAa6+62HEzDuOfMmKVYE2J2n33ek0TiDWmmuNrjp3nF5EoguuNm36lFFgP\n9urKyCZeWqivrz9uvVhzsqGBEVIQWDMOIyH5hGKUOEPeg1lztcWPPUCYY0b65yVv\neZCufdoWQ/PpJbnpGldAYXUY/xKb2Tu+be34SwIDAQABAoIBADhhegSEWPHy+HAS\nJkBJV9J9dNqUC+OyXHMSwU7SK4P/GUoaUwj6vkkTBBXjzjUxhd89xFrmYd2X87Gy\np8VmdoikO+4EjjuY5jOqr/BYyyNe8P0TPSAIqtiFS2+XOFPlLBnIBuLMfzNT4hnY\nT1309LR63Wcmp9clcDR4S5Q+QQld6CpswdrBO9F6YZBGzYttOwewaEioNuPcCHvD\nfEeUKIGaLuJfS8MQVg/M0TIUdqauJTj0Q2g9m4VXqAcoKP2iVlZUJmvQZlr09mr4\nZK9Ms5EJ30YiB9Raphym2zl0Y8mCeT9ex3AKChi6LOpDR/GSNLrrOrMO1xswn+O3\nBgl68EECgYEA5zJDT9fYs2ya8VHLAir8rNoatgCA9Ku1vvP9PE09/8y9jrSJuEX6\nRGihk8O0zox+VknWR9K2n2v6Bia07BkSK9gt8uFLsnon2CQe/DwBsenydckwrUSR\nNIoSFfIk/eEP3Zu4Hii1pSfPCXpEiaDt6N3+upUxLYiPwsb/zOARtxsCgYEAy6fd\ngNSvbCzOvzpodQ/lI1ZBExRC1aMzP6a2qFQsW87NvklOvWwdDwUKH8IFhl1bwBWx\n+E1gCFtKrhqD9UKX8XYLOSDDMBR8IydGQUIq3tyn7YCECrTgBMRsF0xjEvQbGK8M\nfRbVC7JL6iXP3UCfKxz5UHqdwOBn8nnLeuNZ5pECgYEA076WJa9Dunjyo6hM7Qxf\n5RPQuPZXJT+KsnwWZ7861Gg5CFVTeSEmKLdHnOT2WOIV54OyrI9RUUt8b1vOAhqo\nKN3Sn4s2YB0/FtdmRY/T4ZWpybTdTyPodZ0rGUxwEtGpTUcMZxrT2pJOLZj84qww\nmUGQxmRT6ScUu8i0iXiC4RcCgYA00855ZLI8dUMMB7Kg6wadK/qlYFQV5secczpe\nX7dB+VsVSR7LtAe1pbECm+mi+QSbxwTrS+blRAkTMH2aWTPgxqYSo5T+G9I3rDBl\nLSzBsqs8yGF4BYM2uVzwjjgE6p08weuTZyDMb+uRSU2qLuEa5eEmJyhUp+FO3JkT\nv3XKgQKBgQDaZiAjtBw2p3o4HAYzQYgRM3kmvSeyVYYWkRgf8itL2oT/SxPntnrz\nm+WiUVkLTe7UPPlza6SwmSLK7oLMjiNWZM1hNV+gTa9P/rz6m92gAZWRLeZuCfgg\nGfdYhJpgPhwtSLMO3y4VwqItj2iaZDW7cy0mVl1sYhOuWHh0V8gJYw==\n-----END RSA PRIVATE KEY-----\n",
"rsapub1": "-----BEGIN RSA PUBLIC KEY-----\nMIIBCgKCAQEAt+x1NPaQRrH4CU9DcJA/jumXDUoQ+E5/I5fFGRiskC2ilg14gt1B\nD8rAHq7UnHn19/EpkzZrwGlsdgbmVkVRuFHQrU5r6CJ6pH5Z5l8AsLDSWyNtWSUe\nKg10qFbAP/y84kKgiuMZgjFblzwvr7mxx0Oi9AxScUXl4FqGQ3UfD9HOR0smWXAf\nokJAa6+62HEzDuOfMmKVYE2J2n33ek0TiDWmmuNrjp3nF5EoguuNm36lFFgP9urK\nyCZeWqivrz9uvVhzsqGBEVIQWDMOIyH5hGKUOEPeg1lztcWPPUCYY0b65yVveZCu\nfdoWQ/PpJbnpGldAYXUY/xKb2Tu+be34SwIDAQAB\n-----END RSA PUBLIC KEY-----\n",
"rsapub": "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAt+x1NPaQRrH4CU9DcJA/\njumXDUoQ+E5/I5fFGRiskC2ilg14gt1BD8rAHq7UnHn19/EpkzZrwGlsdgbmVkVR\nuFHQrU5r6CJ6pH5Z5l8AsLDSWyNtWSUeKg10qFbAP/y84kKgiuMZgjFblzwvr7mx\nx0Oi9AxScUXl4FqGQ3UfD9HOR0smWXAfokJAa6+62HEzDuOfMmKVYE2J2n33ek0T\niDWmmuNrjp3nF5EoguuNm36lFFgP9urKyCZeWqivrz9uvVhzsqGBEVIQWDMOIyH5\nhGKUOEPeg1lztcWPPUCYY0b65yVveZCufdoWQ/PpJbnpGldAYXUY/xKb2Tu+be34\nSwIDAQAB\n-----END PUBLIC KEY-----\n"
};
import * as crypto from "node:crypto";
import { Buffer } from "node:buffer";
const show = (v) => v === undefined ? "undefined" : typeof v === "function" ? `function ${v.name} ${v.length}` : Buffer.isBuffer(v) ? "Buffer:" + v.toString("hex") : v instanceof ArrayBuffer ? "ArrayBuffer:" + Buffer.from(v).toString("hex") : ArrayBuffer.isView(v) ? v.constructor.name + ":" + Buffer.from(v.buffer).toString("hex") : typeof v === "object" && v !== null ? `${v.constructor?.name} ${JSON.stringify(v)}` : typeof v + ":" + String(v);
const deep = (e) => `${e?.constructor?.name} ${e?.name} ${e?.code} ${e?.message}`;
const values = { u8: new Uint8Array([1,2,3]), ab: new ArrayBuffer(3), num: 1, undef: undefined, nul: null, obj: {}, str: "abc", empty: "", big: 1n, fn() {}, bool: true };
export default { async fetch() {
  const out = {};
  const fact = (name, f) => { try { out[name] = show(f()); } catch (e) { out[name] = deep(e); } };
  const afact = async (name, f) => { try { out[name] = show(await f()); } catch (e) { out[name] = deep(e); } };
  const cb = (f) => new Promise((res, rej) => { try { f((e, ...v) => e ? rej(e) : res(v.length > 1 ? v : v[0])); } catch (e) { rej(new Error("sync " + deep(e))); } });
  const c = crypto;
  const rsa = c.createPrivateKey(PEM.rsa), ec = c.createPrivateKey(PEM.ec1), ed = c.createPrivateKey(PEM.ed), x = c.createPrivateKey(PEM.x);
  const data = Buffer.from("some data");
  const ok = (s) => Buffer.isBuffer(s) ? `Buffer` : typeof s;
  for (const a of ["RSA-SHA256", "sha256", "SHA256", "RSA-SHA1", "sha1", "RSA-SHA512", "RSA-MD5", "md5", "sha224", "sha384", "sha512", "sha512-256", "md5-sha1", "nope", "ecdsa-with-SHA1", "SHA-256"]) {
    fact("sign rsa " + a, () => c.createSign(a).update("some ").update("data").sign(rsa));
    fact("sign pem " + a, () => c.createSign(a).update("some data").sign(PEM.rsa, "base64"));
    fact("verify rsa " + a, () => c.createVerify(a).update("some data").verify(PEM.rsapub, c.createSign(a).update(data).sign(rsa)));
    fact("sign ec " + a, () => c.createVerify(a).update(data).verify(PEM.ecpub, c.createSign(a).update(data).sign(ec)));
    fact("sign one " + a, () => c.sign(a, data, rsa));
    fact("verify one " + a, () => c.verify(a, data, PEM.rsapub, c.sign(a, data, rsa)));
    fact("verify bad " + a, () => c.verify(a, Buffer.from("other"), PEM.rsapub, c.sign(a, data, rsa)));
  }
  fact("ed one", () => c.sign(null, data, ed)); fact("ed undef", () => c.sign(undefined, data, ed)); fact("ed verify", () => c.verify(null, data, PEM.edpub, c.sign(null, data, ed))); fact("ed sha", () => c.sign("sha512", data, ed)); fact("ed createSign", () => c.createSign("sha512").update(data).sign(ed)); fact("ed verify short", () => c.verify(null, data, PEM.edpub, Buffer.alloc(3))); fact("ed verify private", () => c.verify(null, data, ed, c.sign(null, data, ed)));
  fact("rsa null", () => c.sign(null, data, rsa)); fact("ec null", () => c.verify(null, data, PEM.ecpub, c.sign(null, data, ec))); fact("x sign", () => c.sign(null, data, x)); fact("x sha", () => c.sign("sha256", data, x)); fact("sign pub", () => c.sign("sha256", data, PEM.rsapub)); fact("sign pubobj", () => c.sign("sha256", data, c.createPublicKey(rsa))); fact("sign secret", () => c.sign("sha256", data, c.createSecretKey("k", "utf8")));
  for (const p of [1, 2, 3, 4, 5, 6, 99, -1, "x", null]) for (const s of [undefined, 0, 20, 32, 222, 223, -1, -2, -3, "x"]) {
    if (p !== 6 && s !== undefined && s !== 20) continue;
    fact(`pss ${p} ${s}`, () => { const k = { key: PEM.rsa, padding: p, saltLength: s }; const g = c.sign("sha256", data, k); return c.verify("sha256", data, { key: PEM.rsapub, padding: p, saltLength: s }, g); });
    fact(`pss auto ${p} ${s}`, () => { const k = { key: PEM.rsa, padding: p, saltLength: s }; const g = c.createSign("sha256").update(data).sign(k); return c.verify("sha256", data, { key: PEM.rsapub, padding: p }, g); });
  }
  for (const e of ["der", "ieee-p1363", "nope", undefined, null, 1]) {
    fact("dsa enc " + e, () => { const g = c.sign("sha256", data, { key: PEM.ec1, dsaEncoding: e }); return (e === "ieee-p1363" ? g.length : ok(g)) + " " + c.verify("sha256", data, { key: PEM.ecpub, dsaEncoding: e }, g); });
    fact("dsa enc rsa " + e, () => c.sign("sha256", data, { key: PEM.rsa, dsaEncoding: e }).length);
  }
  fact("ec verify garbage", () => c.verify("sha256", data, PEM.ecpub, Buffer.from("garbage"))); fact("ec verify empty", () => c.verify("sha256", data, PEM.ecpub, Buffer.alloc(0))); fact("ec verify p1363 short", () => c.verify("sha256", data, { key: PEM.ecpub, dsaEncoding: "ieee-p1363" }, Buffer.alloc(10)));
  fact("ec known", () => c.verify("sha256", data, PEM.ecpub, Buffer.from("3006020101020101", "hex")));
  fact("verify rsa short", () => c.verify("sha256", data, PEM.rsapub, Buffer.alloc(10)));
  for (const [n, v] of Object.entries(values)) {
    fact("createSign " + n, () => ok(c.createSign(v)));
    fact("createVerify " + n, () => ok(c.createVerify(v)));
    fact("update " + n, () => c.createSign("sha256").update(v).sign(rsa, "hex").length);
    fact("sign key " + n, () => c.createSign("sha256").update("a").sign(v));
    fact("sign key obj " + n, () => c.createSign("sha256").update("a").sign({ key: v }));
    fact("verify key " + n, () => c.createVerify("sha256").update("a").verify(v, data));
    fact("verify sig " + n, () => c.createVerify("sha256").update("a").verify(PEM.rsapub, v));
    fact("verify sig enc " + n, () => c.createVerify("sha256").update("a").verify(PEM.rsapub, "00", v));
    fact("sign out " + n, () => ok(c.createSign("sha256").update("a").sign(rsa, v)));
    fact("sign() alg " + n, () => ok(c.sign(v, data, rsa)));
    fact("sign() data " + n, () => ok(c.sign("sha256", v, rsa)));
    fact("sign() key " + n, () => ok(c.sign("sha256", data, v)));
    fact("sign() cb " + n, () => ok(c.sign("sha256", data, rsa, v)));
    fact("verify() data " + n, () => c.verify("sha256", v, PEM.rsapub, data));
    fact("verify() sig " + n, () => c.verify("sha256", data, PEM.rsapub, v));
    fact("verify() key " + n, () => c.verify("sha256", data, v, data));
    fact("publicEncrypt data " + n, () => c.publicEncrypt(PEM.rsapub, v).length);
    fact("publicEncrypt key " + n, () => c.publicEncrypt(v, data).length);
    fact("privateDecrypt key " + n, () => c.privateDecrypt(v, data).length);
    fact("oaepHash " + n, () => c.publicEncrypt({ key: PEM.rsapub, oaepHash: v }, data).length);
    fact("oaepLabel " + n, () => c.publicEncrypt({ key: PEM.rsapub, oaepLabel: v }, data).length);
    fact("padding " + n, () => c.publicEncrypt({ key: PEM.rsapub, padding: v }, data).length);
  }
  fact("sign twice", () => { const s = c.createSign("sha256").update("a"); s.sign(rsa); return s.sign(rsa); });
  fact("sign update after", () => { const s = c.createSign("sha256").update("a"); s.sign(rsa); return ok(s.update("b")); });
  fact("verify twice", () => { const s = c.createVerify("sha256").update("a"); s.verify(PEM.rsapub, data); return s.verify(PEM.rsapub, data); });
  await afact("sign cb", () => cb((k) => c.sign("sha256", data, rsa, k))); await afact("verify cb", () => cb((k) => c.verify("sha256", data, PEM.rsapub, c.sign("sha256", data, rsa), k))); await afact("sign cb err", () => cb((k) => c.sign("nope", data, rsa, k)));
  await afact("sign stream", () => new Promise((res) => { const s = c.createSign("sha256"); s.end("some data", () => res(s.sign(rsa, "hex"))); }));
  fact("sign call", () => c.Sign("sha256").update("some data").sign(rsa, "hex").length); fact("sign enc", () => c.createSign("sha256").update("736f6d652064617461", "hex").sign(rsa, "hex")); fact("returns this", () => { const s = c.createSign("sha256"); return s.update("a") === s; });
  fact("sign cryptokey", () => c.sign("sha256", data, rsa.toCryptoKey({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, true, ["sign"])).length);
  // Encryption.
  for (const [n, o] of Object.entries({ none: {}, p1: { padding: 1 }, p3: { padding: 3 }, p4: { padding: 4 }, p6: { padding: 6 }, sha256: { oaepHash: "sha256" }, sha512: { oaepHash: "sha512" }, nope: { oaepHash: "nope" }, md5: { oaepHash: "md5" }, label: { oaepLabel: Buffer.from("l") }, labels: { oaepLabel: "l" } })) {
    fact("encrypt " + n, () => c.privateDecrypt({ key: PEM.rsa, ...o }, c.publicEncrypt({ key: PEM.rsapub, ...o }, data)));
    fact("encrypt private " + n, () => c.privateDecrypt({ key: PEM.rsa, ...o }, c.publicEncrypt({ key: PEM.rsa, ...o }, "text")));
    fact("mismatch " + n, () => c.privateDecrypt({ key: PEM.rsa, ...o }, c.publicEncrypt({ key: PEM.rsapub, padding: 1 }, data)));
    fact("long " + n, () => c.publicEncrypt({ key: PEM.rsapub, ...o }, Buffer.alloc(300)));
    fact("private encrypt " + n, () => c.privateEncrypt({ key: PEM.rsa, ...o }, data));
    fact("public decrypt " + n, () => c.publicDecrypt({ key: PEM.rsapub, ...o }, c.privateEncrypt({ key: PEM.rsa, ...o }, data)));
    fact("none256 " + n, () => c.publicEncrypt({ key: PEM.rsapub, ...o }, Buffer.alloc(256, 1)));
  }
  fact("decrypt short", () => c.privateDecrypt(rsa, Buffer.alloc(10))); fact("decrypt garbage", () => c.privateDecrypt(rsa, Buffer.alloc(256, 1))); fact("public decrypt garbage", () => c.publicDecrypt(PEM.rsapub, Buffer.alloc(256, 1))); fact("encrypt ec", () => c.publicEncrypt(PEM.ecpub, data)); fact("decrypt with public", () => c.privateDecrypt(PEM.rsapub, data)); fact("encrypt str enc", () => c.privateDecrypt(rsa, c.publicEncrypt({ key: PEM.rsapub, encoding: "hex" }, "616263")));
  for (const name of ["sign one sha512-256", "verify one sha512-256", "verify bad sha512-256", "pss 2 undefined", "pss 2 20", "pss 3 undefined", "pss 3 20", "pss 4 undefined", "pss 4 20", "pss 5 undefined", "pss 5 20", "pss auto 6 undefined", "pss auto 6 0", "pss auto 6 20", "pss auto 6 32", "pss auto 6 222", "pss 6 223", "pss auto 6 -1", "pss auto 6 -2", "pss 6 -3", "pss 99 undefined", "pss 99 20", "pss -1 undefined", "pss -1 20", "oaepHash empty", "mismatch p3", "decrypt garbage", "encrypt str enc"]) delete out[name];
  return Response.json(out);
} };
