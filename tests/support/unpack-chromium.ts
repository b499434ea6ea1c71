// node unpack-chromium.ts ARCHIVES FOLDER
//
// Unpacks the brought Chromium. A process of its own: the package writes to the folder for temporary files,
// which is named by an environment variable that belongs to the whole process.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inflate } from '@sparticuz/chromium'

const [archives, folder] = process.argv.slice(2)
if (!archives || !folder) throw new Error('Say where the archives are and which folder to unpack to')
process.env['TMPDIR'] = folder
await Promise.all(['chromium.br', 'fonts.tar.br', 'al2023.tar.br'].map((archive) => inflate(join(archives, archive))))

// Without a font Chromium crashes, and the package's own list of folders is another machine's.
// The cache goes nowhere: three fonts are read faster than a cache is checked, and nothing is left behind.
const fontList = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts/fonts</dir><cachedir>/dev/null/fonts</cachedir></fontconfig>
`
await writeFile(join(folder, 'fonts.conf'), fontList)
