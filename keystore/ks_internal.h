/* declarations shared by the files of keystore/ alone */
